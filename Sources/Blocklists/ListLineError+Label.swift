extension ListLineError {
    /// The cause in one word, for receipts and figures: like `label_too_long`.
    package var label: String {
        var label = ""
        var wasUpper = true
        for character in "\(self)" {
            // `notUTF8` is `not_utf8`.
            if character.isUppercase, wasUpper == false { label += "_" }
            wasUpper = character.isUppercase
            label += character.lowercased()
        }
        return label
    }
}
