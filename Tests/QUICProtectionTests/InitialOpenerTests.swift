import TestSupport
import Testing
import Wire

@testable import QUICProtection

/// The examples of RFC 9001 appendix A and RFC 9369 appendix A: the Destination Connection ID 8394c8f03e515708 and what follows from it.
enum Vectors {
    static let connectionID = hex("8394C8F03E515708")

    /// A CRYPTO frame with a ClientHello for example.com; 917 octets of padding follow it in the packets.
    static let frame = hex(
        """
        060040F1010000ED0303EBF8FA56F12939B9584A3896472EC40BB863CFD3E86804FE3A47F06A2B69484C000004130113
        02010000C000000010000E00000B6578616D706C652E636F6DFF01000100000A00080006001D00170018001000070005
        04616C706E000500050100000000003300260024001D00209370B2C9CAA47FBABAF4559FEDBA753DE171FA71F50F1CE1
        5D43E994EC74D748002B0003020304000D0010000E0403050306030203080408050806002D00020101001C0002400100
        3900320408FFFFFFFFFFFFFFFF05048000FFFF07048000FFFF0801100104800075300901100F088394C8F03E51570806
        048000FFFF
        """
    )

    /// RFC 9001 appendix A.2.
    static let clientV1 = hex(
        """
        C000000001088394C8F03E5157080000449E7B9AEC34D1B1C98DD7689FB8EC11D242B123DC9BD8BAB936B47D92EC356C
        0BAB7DF5976D27CD449F63300099F3991C260EC4C60D17B31F8429157BB35A1282A643A8D2262CAD67500CADB8E7378C
        8EB7539EC4D4905FED1BEE1FC8AAFBA17C750E2C7ACE01E6005F80FCB7DF621230C83711B39343FA028CEA7F7FB5FF89
        EAC2308249A02252155E2347B63D58C5457AFD84D05DFFFDB20392844AE812154682E9CF012F9021A6F0BE17DDD0C208
        4DCE25FF9B06CDE535D0F920A2DB1BF362C23E596D11A4F5A6CF3948838A3AEC4E15DAF8500A6EF69EC4E3FEB6B1D98E
        610AC8B7EC3FAF6AD760B7BAD1DB4BA3485E8A94DC250AE3FDB41ED15FB6A8E5EBA0FC3DD60BC8E30C5C4287E53805DB
        059AE0648DB2F64264ED5E39BE2E20D82DF566DA8DD5998CCABDAE053060AE6C7B4378E846D29F37ED7B4EA9EC5D82E7
        961B7F25A9323851F681D582363AA5F89937F5A67258BF63AD6F1A0B1D96DBD4FADDFCEFC5266BA6611722395C906556
        BE52AFE3F565636AD1B17D508B73D8743EEB524BE22B3DCBC2C7468D54119C7468449A13D8E3B95811A198F3491DE3E7
        FE942B330407ABF82A4ED7C1B311663AC69890F4157015853D91E923037C227A33CDD5EC281CA3F79C44546B9D90CA00
        F064C99E3DD97911D39FE9C5D0B23A229A234CB36186C4819E8B9C5927726632291D6A418211CC2962E20FE47FEB3EDF
        330F2C603A9D48C0FCB5699DBFE5896425C5BAC4AEE82E57A85AAF4E2513E4F05796B07BA2EE47D80506F8D2C25E50FD
        14DE71E6C418559302F939B0E1ABD576F279C4B2E0FEB85C1F28FF18F58891FFEF132EEF2FA09346AEE33C28EB130FF2
        8F5B766953334113211996D20011A198E3FC433F9F2541010AE17C1BF202580F6047472FB36857FE843B19F5984009DD
        C324044E847A4F4A0AB34F719595DE37252D6235365E9B84392B061085349D73203A4A13E96F5432EC0FD4A1EE65ACCD
        D5E3904DF54C1DA510B0FF20DCC0C77FCB2C0E0EB605CB0504DB87632CF3D8B4DAE6E705769D1DE354270123CB11450E
        FC60AC47683D7B8D0F811365565FD98C4C8EB936BCAB8D069FC33BD801B03ADEA2E1FBC5AA463D08CA19896D2BF59A07
        1B851E6C239052172F296BFB5E72404790A2181014F3B94A4E97D117B438130368CC39DBB2D198065AE3986547926CD2
        162F40A29F0C3C8745C0F50FBA3852E566D44575C29D39A03F0CDA721984B6F440591F355E12D439FF150AAB7613499D
        BD49ADABC8676EEF023B15B65BFC5CA06948109F23F350DB82123535EB8A7433BDABCB909271A6ECBCB58B936A88CD4E
        8F2E6FF5800175F113253D8FA9CA8885C2F552E657DC603F252E1A8E308F76F0BE79E2FB8F5D5FBBE2E30ECADD220723
        C8C0AEA8078CDFCB3868263FF8F0940054DA48781893A7E49AD5AFF4AF300CD804A6B6279AB3FF3AFB64491C85194AAB
        760D58A606654F9F4400E8B38591356FBF6425ACA26DC85244259FF2B19C41B9F96F3CA9EC1DDE434DA7D2D392B905DD
        F3D1F9AF93D1AF5950BD493F5AA731B4056DF31BD267B6B90A079831AAF579BE0A39013137AAC6D404F518CFD4684064
        7E78BFE706CA4CF5E9C5453E9F7CFD2B8B4C8D169A44E55C88D4A9A7F9474241E221AF44860018AB0856972E194CD934
        """
    )

    /// RFC 9001 appendix A.3.
    static let serverV1 = hex(
        """
        CF000000010008F067A5502A4262B5004075C0D95A482CD0991CD25B0AAC406A5816B6394100F37A1C69797554780BB3
        8CC5A99F5EDE4CF73C3EC2493A1839B3DBCBA3F6EA46C5B7684DF3548E7DDEB9C3BF9C73CC3F3BDED74B562BFB19FB84
        022F8EF4CDD93795D77D06EDBB7AAF2F58891850ABBDCA3D20398C276456CBC42158407DD074EE
        """
    )

    /// RFC 9369 appendix A.2.
    static let clientV2 = hex(
        """
        D76B3343CF088394C8F03E5157080000449EA0C95E82FFE67B6ABCDB4298B485DD04DE806071BF03DCEEBFA162E75D6C
        96058BDBFB127CDFCBF903388E99AD049F9A3DD4425AE4D0992CFFF18ECF0FDB5A842D09747052F17AC2053D21F57C5D
        250F2C4F0E0202B70785B7946E992E58A59AC52DEA6774D4F03B55545243CF1A12834E3F249A78D395E0D18F4D766004
        F1A2674802A747EAA901C3F10CDA5500CB9122FAA9F1DF66C392079A1B40F0DE1C6054196A11CBEA40AFB6EF5253CD68
        18F6625EFCE3B6DEF6BA7E4B37A40F7732E093DAA7D52190935B8DA58976FF3312AE50B187C1433C0F028EDCC4C2838B
        6A9BFC226CA4B4530E7A4CCEE1BFA2A3D396AE5A3FB512384B2FDD851F784A65E03F2C4FBE11A53C7777C023462239DD
        6F7521A3F6C7D5DD3EC9B3F233773D4B46D23CC375EB198C63301C21801F6520BCFB7966FC49B393F0061D974A2706DF
        8C4A9449F11D7F3D2DCBB90C6B877045636E7C0C0FE4EB0F697545460C806910D2C355F1D253BC9D2452AAA549E27A1F
        AC7CF4ED77F322E8FA894B6A83810A34B361901751A6F5EB65A0326E07DE7C1216CCCE2D0193F958BB3850A833F7AE43
        2B65BC5A53975C155AA4BCB4F7B2C4E54DF16EFAF6DDEA94E2C50B4CD1DFE06017E0E9D02900CFFE1935E0491D77FFB4
        FDF85290FDD893D577B1131A610EF6A5C32B2EE0293617A37CBB08B847741C3B8017C25CA9052CA1079D8B78AEBD4787
        6D330A30F6A8C6D61DD1AB5589329DE714D19D61370F8149748C72F132F0FC99F34D766C6938597040D8F9E2BB522FF9
        9C63A344D6A2AE8AA8E51B7B90A4A806105FCBCA31506C446151ADFECEB51B91ABFE43960977C87471CF9AD4074D30E1
        0D6A7F03C63BD5D4317F68FF325BA3BD80BF4DC8B52A0BA031758022EB025CDD770B44D6D6CF0670F4E990B22347A7DB
        848265E3E5EB72DFE8299AD7481A408322CAC55786E52F633B2FB6B614EAED18D703DD84045A274AE8BFA73379661388
        D6991FE39B0D93DEBB41700B41F90A15C4D526250235DDCD6776FC77BC97E7A417EBCB31600D01E57F32162A8560CACC
        7E27A096D37A1A86952EC71BD89A3E9A30A2A26162984D7740F81193E8238E61F6B5B984D4D3DFA033C1BB7E4F0037FE
        BF406D91C0DCCF32ACF423CFA1E7071010D3F270121B493CE85054EF58BADA42310138FE081ADB04E2BD901F2F13458B
        3D6758158197107C14EBB193230CD1157380AA79CAE1374A7C1E5BBCB80EE23E06EBFDE206BFB0FCBC0EDC4EBEC30966
        1BDD908D532EB0C6ADC38B7CA7331DCE8DFCE39AB71E7C32D318D136B6100671A1AE6A6600E3899F31F0EED19E3417D1
        34B90C9058F8632C798D4490DA4987307CBA922D61C39805D072B589BD52FDF1E86215C2D54E6670E07383A27BBFFB5A
        DDF47D66AA85A0C6F9F32E59D85A44DD5D3B22DC2BE80919B490437AE4F36A0AE55EDF1D0B5CB4E9A3ECABEE93DFC6E3
        8D209D0FA6536D27A5D6FBB17641CDE27525D61093F1B28072D111B2B4AE5F89D5974EE12E5CF7D5DA4D6A31123041F3
        3E61407E76CFFCDCFD7E19BA58CF4B536F4C4938AE79324DC402894B44FAF8AFBAB35282AB659D13C93F70412E85CB19
        9A37DDEC600545473CFB5A05E08D0B209973B2172B4D21FB69745A262CCDE96BA18B2FAA745B6FE189CF772A9F84CBFC
        """
    )

    /// RFC 9369 appendix A.3.
    static let serverV2 = hex(
        """
        DC6B3343CF0008F067A5502A4262B5004075D92FAAF16F05D8A4398C47089698BAEEA26B91EB761D9B89237BBF872630
        17915358230035F7FD3945D88965CF17F9AF6E16886C61BFC703106FBAF3CB4CFA52382DD16A393E42757507698075B2
        C984C707F0A0812D8CD5A6881EAF21CEDA98F4BD23F6FE1A3E2C43EDD9CE7CA84BED8521E2E140
        """
    )
}

@Suite("QUIC Initial protection (RFC 9001 section 5, RFC 9369 section 3.3)")
struct InitialOpenerTests {
    /// What opening says, and the frames.
    private func open(_ bytes: [UInt8], _ connectionID: [UInt8] = Vectors.connectionID) throws -> [UInt8]? {
        var opener = InitialOpener()
        return try open(bytes, connectionID, &opener)
    }

    private func open(_ bytes: [UInt8], _ connectionID: [UInt8], _ opener: inout InitialOpener) throws -> [UInt8]? {
        var frames: [UInt8] = [1, 2, 3]
        let packet = try QUICInitialPacket(parsing: bytes.span)
        let isOpen = opener.open(packet, initialConnectionID: connectionID.span, into: &frames)
        #expect(isOpen || frames.isEmpty)
        return isOpen ? frames : nil
    }

    @Test(arguments: [Vectors.clientV1, Vectors.clientV2])
    func `the documents' client Initials open`(packet: [UInt8]) throws {
        #expect(packet.count == 1_200)
        #expect(try open(packet) == Vectors.frame + [UInt8](repeating: 0, count: 917))
    }

    @Test(arguments: [Vectors.serverV1, Vectors.serverV2])
    func `the documents' server Initials do not open with a client's keys`(packet: [UInt8]) throws {
        #expect(try open(packet) == nil)
        #expect(try open(packet, []) == nil)
        #expect(try open(packet, hex("F067A5502A4262B5")) == nil)
    }

    @Test func `the keys are those of RFC 9001 appendix A_1`() {
        let connectionID = Vectors.connectionID
        let keys = InitialKeys(InitialKeyDerivation(.v1), connectionID: connectionID.span)
        #expect(keys.key.indices.map { keys.key[$0] } == hex("1F369613DD76D5467730EFCBE3B1A22D"))
        #expect(keys.headerKey.indices.map { keys.headerKey[$0] } == hex("9F50449E04A0E810283A1E9933ADEDD2"))
        #expect(keys.vector.indices.map { keys.vector[$0] } == hex("FA044B2F42A3FD3B46FB255C"))
    }

    @Test func `the keys are those of RFC 9369 appendix A_1`() {
        let connectionID = Vectors.connectionID
        let keys = InitialKeys(InitialKeyDerivation(.v2), connectionID: connectionID.span)
        #expect(keys.key.indices.map { keys.key[$0] } == hex("8B1A0BC121284290A29E0971B5CD045D"))
        #expect(keys.headerKey.indices.map { keys.headerKey[$0] } == hex("45B95E15235D6F45A6B19CBCB0294BA9"))
        #expect(keys.vector.indices.map { keys.vector[$0] } == hex("91F73E2351D8FA91660E909F"))
    }

    @Test(arguments: QUICVersionUnderTest.all, [0, 1, 8, 20])
    func `Initials of every version open`(version: QUICVersionUnderTest, length: Int) throws {
        var builder = QUICInitialBuilder(connectionID: (0..<length).map { UInt8($0 &* 7 &+ 1) })
        builder.version = version
        let frames = builder.crypto([1, 2, 3, 4], at: 5)
        for numberLength in 1...4 {
            builder.packetNumberLength = numberLength
            builder.packetNumber = 0x83
            builder.token = [UInt8](repeating: 9, count: numberLength * 20)
            let opened = try open(builder.packet(frames), builder.connectionID)
            #expect(opened?.starts(with: frames) == true)
        }
    }

    @Test func `an Initial as short as can be opens`() throws {
        var builder = QUICInitialBuilder()
        builder.paddedLength = 0
        builder.packetNumberLength = 4
        #expect(try open(builder.packet([])) == [])
        builder.packetNumberLength = 1
        #expect(try open(builder.packet([1])) == [1, 0, 0])
    }

    @Test func `a packet with one octet changed does not open`() throws {
        var builder = QUICInitialBuilder()
        builder.paddedLength = 120
        let packet = builder.packet(builder.crypto([1, 2, 3], at: 0))
        for index in packet.indices {
            var damaged = packet
            damaged[index] ^= 0x01
            // What is no packet any more is not opened at all.
            #expect((try? open(damaged, builder.connectionID)) == nil, "octet \(index)")
        }
    }

    @Test func `packets behind the first belong to another one`() throws {
        let builder = QUICInitialBuilder()
        let packet = builder.packet(builder.crypto([1, 2, 3], at: 0))
        #expect(try open(packet + builder.opaque(type: 2), builder.connectionID)?.first == 6)
    }

    @Test func `keys are remembered, and more connections than that do no harm`() throws {
        var opener = InitialOpener()
        var builder = QUICInitialBuilder()
        for round in 0..<3 {
            for number in 0..<200 {
                builder.connectionID = bigEndian(UInt32(number)) + [7, 7, 7, 7]
                builder.packetNumber = UInt32(round)
                let frames = try open(builder.packet([UInt8(1)]), builder.connectionID, &opener)
                #expect(frames?.first == 1)
                #expect(try open(builder.packet([UInt8(1)]), Vectors.connectionID, &opener) == nil)
            }
        }
    }

    @Test func `a connection ID longer than any is refused`() throws {
        #expect(try open(Vectors.clientV1, [UInt8](repeating: 1, count: 21)) == nil)
    }

    @Test func `damaged packets never trap`() throws {
        var random = SeededRandom(seed: 9_001)
        var builder = QUICInitialBuilder()
        builder.paddedLength = 0
        let packet = builder.packet(builder.crypto([1, 2, 3, 4, 5], at: 0))
        var opener = InitialOpener()
        var opened = 0
        for _ in 0..<4_000 {
            var damaged = packet
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: damaged[index] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.insert(UInt8.random(in: 0...255, using: &random), at: index)
                default: damaged.removeSubrange(index...)
                }
                if damaged.isEmpty { damaged = [0xC0] }
            }
            if (try? open(damaged, builder.connectionID, &opener)) != nil { opened += 1 }
        }
        #expect(opened < 200)
    }
}
