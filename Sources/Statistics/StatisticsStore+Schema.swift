import GRDB

extension StatisticsStore {
    /// The steps from an empty file to the present tables; a step that was released is never changed.
    ///
    /// Times are hours and days since 1970-01-01 UTC. A day's cells are written together with its hours', so that days, and the weeks and months
    /// that are made of them, are there when the hours are gone.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE scope (
                        id INTEGER PRIMARY KEY,
                        market TEXT NOT NULL,
                        attempt_window INTEGER NOT NULL,
                        UNIQUE (market, attempt_window)
                    ) STRICT;
                    CREATE TABLE series (
                        id INTEGER PRIMARY KEY,
                        scope INTEGER NOT NULL,
                        measure TEXT NOT NULL,
                        list TEXT NOT NULL,
                        mechanism TEXT NOT NULL,
                        detail TEXT NOT NULL,
                        UNIQUE (scope, measure, list, mechanism, detail)
                    ) STRICT;
                    CREATE TABLE hour (
                        time INTEGER NOT NULL,
                        series INTEGER NOT NULL,
                        value INTEGER NOT NULL,
                        PRIMARY KEY (time, series)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE day (
                        time INTEGER NOT NULL,
                        series INTEGER NOT NULL,
                        value INTEGER NOT NULL,
                        PRIMARY KEY (time, series)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE activation (
                        id INTEGER PRIMARY KEY,
                        scope INTEGER NOT NULL,
                        list TEXT NOT NULL,
                        sequence INTEGER,
                        issued INTEGER,
                        received INTEGER,
                        activated INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE probe (
                        id INTEGER PRIMARY KEY,
                        hour INTEGER NOT NULL,
                        scope INTEGER NOT NULL,
                        list TEXT NOT NULL,
                        mechanism TEXT NOT NULL,
                        blocked INTEGER NOT NULL,
                        milliseconds REAL
                    ) STRICT;
                    CREATE TABLE unblock (
                        id INTEGER PRIMARY KEY,
                        hour INTEGER NOT NULL,
                        scope INTEGER NOT NULL,
                        seconds REAL NOT NULL
                    ) STRICT;
                    CREATE TABLE process (
                        token INTEGER PRIMARY KEY,
                        number INTEGER NOT NULL,
                        day INTEGER NOT NULL
                    ) STRICT;
                    PRAGMA user_version = 1;
                    """
            )
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    ALTER TABLE unblock ADD COLUMN removal INTEGER NOT NULL DEFAULT 0;
                    CREATE TABLE coverage (
                        run INTEGER PRIMARY KEY,
                        day INTEGER NOT NULL
                    ) STRICT;
                    PRAGMA user_version = 2;
                    """
            )
        }
        return migrator
    }

    /// The number of the last step, which the file also has in its header.
    static let version: Int64 = 2

    /// What the tables were made with, in the order of their names.
    static func schema(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT sql FROM sqlite_schema
                WHERE sql IS NOT NULL AND name NOT LIKE 'grdb%' AND name NOT LIKE 'sqlite%' ORDER BY name
                """
        )
    }
}
