# Reads the .proto files and writes, as C, what each field may hold: the marks behind `//=`. A field
# without a mark, a mark that is not understood, and fields out of order stop the build.

function die(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
    failed = 1
    exit 1
}

function snake(name,    out, i, c) {
    out = ""
    for (i = 1; i <= length(name); i++) {
        c = substr(name, i, 1)
        if (c ~ /[A-Z]/ && i > 1)
            out = out "_"
        out = out tolower(c)
    }
    return out
}

function range(text) {
    if (text ~ /^-?[0-9]+$/) {
        low = text
        high = text
        return 1
    }
    if (text !~ /^-?[0-9]+\.\.-?[0-9]+$/)
        return 0
    low = substr(text, 1, index(text, "..") - 1)
    high = substr(text, index(text, "..") + 2)
    return 1
}

function quote(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

# The comment right above a message is what it says of itself.
/^\/\/ / { comment = comment (comment == "" ? "" : " ") substr($0, 4); next }
/^$/ { comment = ""; next }
/^message / {
    message = $2; order[++messages] = message; known[message] = 1; last = 0
    about[message] = comment; comment = ""; next
}
/^enum / { enumeration = $2; next }
/^}/ { message = ""; enumeration = ""; next }
message == "" { next }
/^ *(\/\/|oneof|})/ { next }

match($0, / = [0-9]+;/) {
    number = substr($0, RSTART + 3, RLENGTH - 4) + 0
    split(substr($0, 1, RSTART - 1), words, " ")
    repeated = words[1] == "repeated"
    type = words[1 + repeated]
    name = words[2 + repeated]
    if (number <= last)
        die(message "." name ": fields stand in the order of their numbers")
    last = number
    rest = substr($0, RSTART + RLENGTH)
    mark = ""
    note = ""
    if (match(rest, /\/\/= /)) {
        mark = substr(rest, RSTART + 4)
        if (match(mark, / ; /)) {
            note = substr(mark, RSTART + 3)
            mark = substr(mark, 1, RSTART - 1)
        }
    }
    class = "NONE"; least = 0; most = 0; count_least = 0; count_most = 0; required = 0; ascending = 0
    scalar = type ~ /^(bool|string|bytes|uint32|uint64|sint32|sint64)$/
    in_oneof = $0 ~ /^    /
    n = split(mark, marks, " ")
    if (n == 0 && type != "bool" && !in_oneof)
        die(message "." name ": no //= mark")
    for (i = 1; i <= n; i++) {
        m = marks[i]
        if (m ~ /^\[/) {
            if (!repeated || !range(substr(m, 2, length(m) - 2)))
                die(message "." name ": " m " is not understood")
            count_least = low; count_most = high
        } else if (m == "required") required = 1
        else if (m == "optional" || m == "known") required = 0
        else if (m == "ascending") ascending = 1
        else if (m == "time") { class = "TIME"; least = 0; most = "253402300799999"; required = 1 }
        else if (m ~ /^(text|code|digits|country|party|id|name|origin|hex|base64)$/) class = toupper(m)
        else if (range(m)) { least = low; most = high }
        else die(message "." name ": " m " is not understood")
    }
    if (repeated && count_most == 0) die(message "." name ": a repeated field needs [least..most]")
    if (type == "string" && class == "NONE") die(message "." name ": a string needs a class")
    if (type == "bytes" && class !~ /^(HEX|BASE64)$/) die(message "." name ": bytes are hex or base64")
    field = ++fields[message]
    label[message, field] = name
    child[message, field] = scalar ? "" : type
    row[message, field] = sprintf("QP_CLASS_%s, %s, %s, INT64_C(%s), INT64_C(%s), %s, %s, %s", \
        class, required ? "true" : "false", ascending ? "true" : "false", least, most, \
        count_least, count_most, quote(note))
    next
}

END {
    if (failed)
        exit 1
    print "/* Made from the marks in the .proto files; see limits.awk there. */" > out
    for (i = 1; i <= messages; i++)
        printf "static const struct qp_field_rule fields_%s[%d];\n", snake(order[i]), fields[order[i]] > out
    for (i = 1; i <= messages; i++) {
        m = snake(order[i])
        printf "const struct qp_message_rule qp_rule_%s = {&qp__%s__descriptor, fields_%s, %s};\n", m, m, m, \
            quote(about[order[i]]) > out
    }
    for (i = 1; i <= messages; i++) {
        m = order[i]
        printf "static const struct qp_field_rule fields_%s[%d] = {\n", snake(m), fields[m] > out
        for (f = 1; f <= fields[m]; f++) {
            c = child[m, f]
            printf "    {\"%s\", %s, %s},\n", label[m, f], \
                (c in known) ? "&qp_rule_" snake(c) : "NULL", row[m, f] > out
        }
        print "};" > out
    }
    print "const struct qp_message_rule *const qp_rules_all[] = {" > out
    for (i = 1; i <= messages; i++)
        printf "    &qp_rule_%s,\n", snake(order[i]) > out
    print "    NULL," > out
    print "};" > out
}
