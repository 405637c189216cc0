"""The commands and functions of Logs Insights, as its user guide lists them, and the fields that CloudWatch adds."""

COMMANDS = (
    *("fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup"),
    *("SOURCE", "addtotals", "anomaly", "diff", "filterIndex", "join", "lookup", "pattern", "unmask", "unnest"),
)
KEYWORDS = frozenset(("as", "by", "and", "or", "not", "in", "like", "asc", "desc", "true", "false", "null"))
FUNCTIONS = (
    *("avg", "count", "count_distinct", "max", "min", "pct", "percentile", "stddev", "sum"),
    *("earliest", "latest", "sortsFirst", "sortsLast"),
    *("bin", "datefloor", "dateceil", "fromMillis", "toMillis", "now"),
    *("abs", "ceil", "floor", "greatest", "least", "log", "round", "sqrt"),
    *("coalesce", "isblank", "isempty", "ispresent"),
    *("concat", "ltrim", "replace", "rtrim", "strcontains", "strlen", "substr", "tolower", "toupper", "trim"),
    *("isIpInSubnet", "isIpv4InSubnet", "isIpv6InSubnet", "isValidIp", "isValidIpv4", "isValidIpv6"),
    *("jsonParse", "jsonStringify"),
)
# Fields of every event, whatever it contains.
ADDED_FIELDS = frozenset(("@timestamp", "@ingestionTime", "@message", "@log", "@logStream", "@ptr", "@entity"))
