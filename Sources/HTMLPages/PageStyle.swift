/// What all pages look like.
package enum PageStyle {
    /// The style sheet that each page begins its own with: colours for light and dark, the type face, links, and tables.
    package static let base = String(decoding: PackageResources.base_css, as: UTF8.self)
}
