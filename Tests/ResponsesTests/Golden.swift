/// What each kind of packet is composed as, in both versions of IP.
enum Golden {
    static let packets: [String: String] = [
        "nxdomain v4": """
        # IP: no options, DF, 64 hops
        45000056000040004011B65A
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C4000424E82
        # identifier, flags, counts
        123481830001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "nxdomain v6": """
        # IP: class and flow label zero, 64 hops
        6000000000421140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000425C11
        # identifier, flags, counts
        123481830001000000000001
        # question
        03775777076558616D706C65036F726700001C0001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "nodata v4": """
        # IP: no options, DF, 64 hops
        45000056000040004011B65A
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C4000424E85
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "nodata v6": """
        # IP: class and flow label zero, 64 hops
        6000000000421140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000425C14
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F726700001C0001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "refused v4": """
        # IP: no options, DF, 64 hops
        45000056000040004011B65A
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C4000424E80
        # identifier, flags, counts
        123481850001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "refused v6": """
        # IP: class and flow label zero, 64 hops
        6000000000421140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000425C0F
        # identifier, flags, counts
        123481850001000000000001
        # question
        03775777076558616D706C65036F726700001C0001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "sinkhole v4": """
        # IP: no options, DF, 64 hops
        45000066000040004011B64A
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C400052C484
        # identifier, flags, counts
        123481800001000100000001
        # question
        03775777076558616D706C65036F72670000010001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "sinkhole v6": """
        # IP: class and flow label zero, 64 hops
        60000000005E1140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C40005EC9F7
        # identifier, flags, counts
        123481800001000100000001
        # question
        03775777076558616D706C65036F726700001C0001
        # the name asked for, type, class, seconds, address
        C00C001C00010000003C001020010DB8000000000000000000000063
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "sinkholeToAny v4": """
        # IP: no options, DF, 64 hops
        45000082000040004011B62E
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C40006E345C
        # identifier, flags, counts
        123481800001000200000001
        # question
        03775777076558616D706C65036F72670000FF0001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        # the name asked for, type, class, seconds, address
        C00C001C00010000003C001020010DB8000000000000000000000063
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "sinkholeToAny v6": """
        # IP: class and flow label zero, 64 hops
        60000000006E1140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C40006E5CEB
        # identifier, flags, counts
        123481800001000200000001
        # question
        03775777076558616D706C65036F72670000FF0001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        # the name asked for, type, class, seconds, address
        C00C001C00010000003C001020010DB8000000000000000000000063
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "sinkholeToHTTPS v4": """
        # IP: no options, DF, 64 hops
        45000056000040004011B65A
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C4000420E90
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F72670000410001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "sinkholeToHTTPS v6": """
        # IP: class and flow label zero, 64 hops
        6000000000421140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C400042371F
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F72670000410001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A00045370C3A472726164
        """,
        "cutSinkhole v4": """
        # IP: no options, DF, 64 hops
        45000048000040004011B668
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C40003437C3
        # identifier, flags, counts
        123483800001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D0000000000000
        """,
        "cutSinkhole v6": """
        # IP: class and flow label zero, 64 hops
        6000000000341140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000344552
        # identifier, flags, counts
        123483800001000000000001
        # question
        03775777076558616D706C65036F726700001C0001
        # OPT
        00002904D0000000000000
        """,
        "formatError v4": """
        # IP: no options, DF, 64 hops
        45000033000040004011B67D
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C40001F5242
        # identifier, flags, counts
        123481810000000000000001
        # OPT
        00002904D0000000000000
        """,
        "formatError v6": """
        # IP: class and flow label zero, 64 hops
        60000000001F1140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C40001F7AD1
        # identifier, flags, counts
        123481810000000000000001
        # OPT
        00002904D0000000000000
        """,
        "unknownVersion v4": """
        # IP: no options, DF, 64 hops
        45000048000040004011B668
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C40003438C3
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D0010000000000
        """,
        "unknownVersion v6": """
        # IP: class and flow label zero, 64 hops
        6000000000341140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000346152
        # identifier, flags, counts
        123481800001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D0010000000000
        """,
        "answerInStream v4": """
        # IP: no options, DF, 64 hops
        45000064000040004006B657
        # from, to
        C0000235C0000207
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00359C40000DBBA1000004175019FFFF3EA80000
        # length
        003A
        # identifier, flags, counts
        123481830001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "answerInStream v6": """
        # IP: class and flow label zero, 64 hops
        6000000000500640
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00359C40000DBBA1000004175019FFFF67370000
        # length
        003A
        # identifier, flags, counts
        123481830001000000000001
        # question
        03775777076558616D706C65036F72670000010001
        # OPT
        00002904D000000000000E
        # option 15: code, text
        000F000A000F5370C3A472726164
        """,
        "rewrite v4": """
        # IP: no options, DF, 64 hops
        4500004D000040004011B663
        # from, to
        C0000235C0000207
        # UDP: ports, length, checksum
        00359C40003974C7
        # identifier, flags, counts
        123481800001000100000000
        # question
        03777777076578616D706C65036F72670000010001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        """,
        "rewrite v6": """
        # IP: class and flow label zero, 64 hops
        6000000000391140
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # UDP: ports, length, checksum
        00359C4000399D56
        # identifier, flags, counts
        123481800001000100000000
        # question
        03777777076578616D706C65036F72670000010001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        """,
        "rewriteInStream v4": """
        # IP: no options, DF, 64 hops
        4500008C000040004006B62F
        # from, to
        C0000235C0000207
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00359C40000DBBA1000004395019FFFF48AD0000
        # the answer before it, as it was
        002F123481800001000100000000056F74686572076578616D706C650000010001C00C000100010000003C0004C63364
        01
        # length
        0031
        # identifier, flags, counts
        123481800001000100000000
        # question
        03777777076578616D706C65036F72670000010001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        """,
        "rewriteInStream v6": """
        # IP: class and flow label zero, 64 hops
        6000000000780640
        # from
        20010DB8000000000000000000000035
        # to
        20010DB8000000000000000000000007
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00359C40000DBBA1000004395019FFFF713C0000
        # the answer before it, as it was
        002F123481800001000100000000056F74686572076578616D706C650000010001C00C000100010000003C0004C63364
        01
        # length
        0031
        # identifier, flags, counts
        123481800001000100000000
        # question
        03777777076578616D706C65036F72670000010001
        # the name asked for, type, class, seconds, address
        C00C000100010000003C0004C6336407
        """,
        "page v4": """
        # IP: no options, DF, 64 hops
        45000056000040004006B64A
        # from, to
        C0000250C0000207
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C40000DBBA1000004115019FFFF2C390000
        # the response
        485454502F312E3120323034204E6F20436F6E74656E740D0A436F6E6E656374696F6E3A20636C6F73650D0A0D0A
        """,
        "page v6": """
        # IP: class and flow label zero, 64 hops
        6000000000420640
        # from
        20010DB8000000000000000000000050
        # to
        20010DB8000000000000000000000007
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C40000DBBA1000004115019FFFF54C80000
        # the response
        485454502F312E3120323034204E6F20436F6E74656E740D0A436F6E6E656374696F6E3A20636C6F73650D0A0D0A
        """,
        "resetSender v4": """
        # IP: no options, DF, 64 hops
        45000028000040004006B678
        # from, to
        C0000250C0000207
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C40000DBBA10000000050040000D3490000
        """,
        "resetSender v6": """
        # IP: class and flow label zero, 64 hops
        6000000000140640
        # from
        20010DB8000000000000000000000050
        # to
        20010DB8000000000000000000000007
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C40000DBBA10000000050040000FBD80000
        """,
        "resetSenderOfSYN v4": """
        # IP: no options, DF, 64 hops
        45000028000040004006B678
        # from, to
        C0000250C0000207
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C4000000000000003E9501400008AFF0000
        """,
        "resetSenderOfSYN v6": """
        # IP: class and flow label zero, 64 hops
        6000000000140640
        # from
        20010DB8000000000000000000000050
        # to
        20010DB8000000000000000000000007
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        00509C4000000000000003E950140000B38E0000
        """,
        "resetReceiver v4": """
        # IP: no options, DF, 64 hops
        45000028000040004006B678
        # from, to
        C0000207C0000250
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        9C400050000003E9000DBBA150140000CF500000
        """,
        "resetReceiver v6": """
        # IP: class and flow label zero, 64 hops
        6000000000140640
        # from
        20010DB8000000000000000000000007
        # to
        20010DB8000000000000000000000050
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        9C400050000003E9000DBBA150140000F7DF0000
        """,
        "resetReceiverOfSYN v4": """
        # IP: no options, DF, 64 hops
        45000028000040004006B678
        # from, to
        C0000207C0000250
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        9C400050000003E800000000500400008B100000
        """,
        "resetReceiverOfSYN v6": """
        # IP: class and flow label zero, 64 hops
        6000000000140640
        # from
        20010DB8000000000000000000000007
        # to
        20010DB8000000000000000000000050
        # TCP: ports, sequence and acknowledgment numbers, flags, window, checksum
        9C400050000003E80000000050040000B39F0000
        """,
        "portUnreachable v4": """
        # IP: no options, DF, 64 hops
        45000051000040004001B654
        # from, to
        C0000250C0000207
        # port unreachable
        0303818700000000
        # the datagram, from its IP header on
        45000035000140004011B65FC0000207C00002509C40005000216287405A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A
        5A5A5A5A5A
        """,
        "portUnreachable v6": """
        # IP: class and flow label zero, 64 hops
        6000000000513A40
        # from
        20010DB8000000000000000000000050
        # to
        20010DB8000000000000000000000007
        # port unreachable
        0104317800000000
        # the datagram, from its IP header on
        600000000021114020010DB800000000000000000000000720010DB80000000000000000000000509C40005000218B16
        405A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A
        """,
    ]
}
