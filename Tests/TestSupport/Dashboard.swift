import FoundationEssentials

/// The dashboard for Grafana, as far as tests look at it.
package struct Dashboard: Decodable {
    /// A panel, or the heading of a row.
    package struct Panel: Decodable {
        package let id: Int
        package let type: String
        package let title: String
        package let description: String?
        package let gridPos: Place
        package let datasource: Source?
        package let targets: [Target]?
    }

    /// Where a panel is, in columns of 24 and in rows.
    package struct Place: Decodable {
        package let x: Int
        package let y: Int
        package let w: Int
        package let h: Int

        /// Whether the two have anything in common.
        package func overlaps(_ other: Place) -> Bool {
            x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
        }
    }

    /// Where data come from.
    package struct Source: Decodable {
        let type: String
        let uid: String

        /// Whether it is the one that the dashboard's user chooses.
        package var isVariable: Bool { type == "prometheus" && uid == "${datasource}" }
    }

    /// A query.
    package struct Target: Decodable {
        package let refId: String
        package let expr: String
        package let datasource: Source
    }

    /// The dashboard's variables.
    package struct Variables: Decodable {
        package let list: [Variable]
    }

    /// A variable.
    package struct Variable: Decodable {
        package let name: String
        package let type: String
    }

    /// Marks in the graphs.
    package struct Annotations: Decodable {
        package let list: [Annotation]
    }

    /// One kind of marks.
    package struct Annotation: Decodable {
        package let name: String
        package let expr: String?
    }

    package let title: String
    package let uid: String
    package let schemaVersion: Int
    package let panels: [Panel]
    package let templating: Variables
    package let annotations: Annotations

    /// The package's folder, told from a file of a test target: one of this target would put its path into the product, which links it
    /// with the evasion cases, and the product's octets would depend on where it was built.
    package static func root(file: String = #filePath) -> String {
        "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
    }

    /// The dashboard in `systemd/monitoring`, seen from a file of a test target.
    package static func read(file: String = #filePath) throws -> Dashboard {
        let path = root(file: file) + "/systemd/monitoring/grindvakt-dashboard.json"
        return try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// Every query with the title of its panel, its variables replaced as Grafana replaces them for all sensors.
    ///
    /// - Parameter interval: what stands in the place of the intervals that depend on the zoom.
    /// - Returns: titles and queries, in the order of the file.
    package func queries(interval: String) -> [(title: String, expression: String)] {
        let queries =
            panels.flatMap { panel in (panel.targets ?? []).map { (panel.title, $0.expr) } }
            + annotations.list.compactMap { annotation in annotation.expr.map { (annotation.name, $0) } }
        return queries.map { title, expression in
            let replaced = expression.replacing("$__rate_interval", with: interval)
                .replacing("$__range", with: interval).replacing("$instance", with: ".+")
            return (title, replaced)
        }
    }
}
