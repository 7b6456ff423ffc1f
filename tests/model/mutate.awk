# A file of the rules with a switch at every place where a rule can be taken out:
#
#   awk -v first=N -v sites=LIST -f mutate.awk FILE.c >MUTATED.c
#
# qp_mutant(N) is true for one N at a time, the mutant. Then
#   refusal   qp_refuse(...) does not happen, and the function goes on
#   check     a function that only checks is not called
#   bound     a comparison is off by one: a > b is a >= b
#   or        the condition behind an || is left out
# LIST gets a line for each place: number, kind, file, line and text, as an initialiser in C.

function site(kind,    text) {
    text = $0
    gsub(/^[ \t]+|[\\"]/, "", text)
    printf "{%d, \"%s\", \"%s\", %d, \"%s\"},\n", first + count, kind, name, FNR, text >sites
    return "qp_mutant(" first + count++ ")"
}

function switched(kind, found) {
    if (kind == "return") {
        return "if (!" site("refusal") ") return qp_refuse("
    }
    if (kind == "refusal" || kind == "check") {
        return site(kind) " ? QP_OK : " found
    }
    if (kind == "or") {
        return " || !" site(kind) " && "
    }
    return found ~ / (>|<=) / ? " + " site(kind) found : found site(kind) " + "
}

# Whatever fits the pattern in the line, outside of strings, is switched.
function replace(pattern, kind,    line, done, rest, found) {
    line = ""
    done = ""
    rest = now
    while (match(rest, pattern)) {
        found = substr(rest, RSTART, RLENGTH)
        done = substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        line = line done
        line = line (gsub(/"/, "\"", line) % 2 == 1 ? found : switched(kind, found))
    }
    now = line rest
}

FNR == 1 {
    name = FILENAME
    sub(/^.*\//, "", name)
    print "#include \"model/mutant.h\""
}
/^(static )?enum qp_code [a-z_]+\(/ {
    judges = 1
}
/^}/ {
    if (judges) {
        print "    return QP_OK; /* where the last refusal is switched off */"
    }
    judges = 0
}
/^[^ ]/ || /^ *(\/\*|\*)/ || /^ *for \(/ || /QP_ASSERT|sizeof/ {
    print
    next
}
{
    now = $0
    if (now ~ /return qp_refuse\(/) {
        replace("return qp_refuse\\(", "return")
    } else {
        replace("qp_refuse\\(", "refusal")
        replace("(qp_job_(own_name|sealed|quantity|goods|identifiers|containers|harvest_times)|check_[a-z_]+|own_name)\\(", "check")
    }
    replace(" (<=|>=|<|>) ", "bound")
    replace(" [|][|]( |$)", "or")
    print now
}
