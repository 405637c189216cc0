"""The database: its engine, its tables, and pages of long lists."""
