# quipu explain: every code that a refusal can carry, in the program, in the manual and in the sample;
# and the way there from a refusal.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/season.sh"

expect 0 quipu explain --json
jq -r .code out | sort >codes
[ "$(wc -l <codes)" -ge 76 ] || fail "only $(wc -l <codes) codes"
[ -z "$(uniq -d codes)" ] || fail "twice: $(uniq -d codes)"
jq -r 'select((.line, .meaning, .why, .source, .next, .sample) == "").code' out >empty
[ ! -s empty ] || fail "texts are missing: $(cat empty)"

# The table of SPEC.md and the table of the program are one.
sed -n '/^<!-- codes: begin/,/^<!-- codes: end/s/^| \(QP-[A-Z-]*\) | .*/\1/p' \
    "$QP_SOURCE/proto/SPEC.md" | sort >specified
cmp -s codes specified || fail "codes and SPEC.md differ: $(diff codes specified)"

# The manual page says the same: write it anew with tools/man/write-codes.
"$QP_SOURCE/tools/man/write-codes" >page
cmp -s page "$QP_SOURCE/tools/man/quipu-codes.7" ||
    fail "quipu-codes.7 is out of date: $(diff page "$QP_SOURCE/tools/man/quipu-codes.7")"
sed -n 's/^\.Ss \(QP-.*\)/\1/p' page | sort >sections
cmp -s codes sections || fail "sections and codes differ: $(diff codes sections)"

# The case that shows a code is refused with that code; cli/bad_events tries them all.
jq -r '"\(.sample) \(.code)"' out >shown
while read -r case code; do
    grep -q "^| $case\(\.json\)\{0,1\} | .* | $code |\$" "$SAMPLE/bad/events/README.md" ||
        fail "$case, which is to show $code, is not in the table of the sample's bad events"
done <shown

# For people: 80 columns.
expect 0 quipu explain
is "$(grep -c '^QP-' out)" "$(wc -l <codes)"
awk 'length($0) > 80 { exit 1 }' out || fail "a line of more than 80 columns"
# shellcheck disable=SC2046 # words
expect 0 quipu explain $(cat codes)
is "$(grep -c '^QP-' out)" "$(wc -l <codes)"
awk 'length($0) > 80 { exit 1 }' out || fail "a line of more than 80 columns"
expect 0 quipu explain QP-HARVEST-CAP
says '^line      conserved$' out
says '^next      Look at what the plot has given' out
says '^shown by  tools/sample/bad/try DIR harvest-over-the-cap$' out
expect 0 quipu explain QP-HARVEST-CAP --json
is "$(jq -r '.code + " " + .line' out)" 'QP-HARVEST-CAP conserved'
expect 1 quipu explain QP-HARVEST-CAP QP-HARVEST
says 'no code "QP-HARVEST"; "quipu explain" lists' err
[ ! -s out ] || fail "half an answer"

# A refusal says where to read on: once, however often it was said, and nothing to a program.
season_parties >log 2>&1
season_land >log 2>&1
echo '{"occurred": "2026-06-10", "lot_recalled": {"lot": "coop-norte/NONE", "reason": "r"}}' >bad.json
quipu sign --key coop.key -o bad-1.qst bad.json >/dev/null
quipu sign --key coop.key -o bad-2.qst bad.json >/dev/null
quipu sign --key coop.key -o bad-3.qst bad.json >/dev/null
expect 1 submit bad-1.qst bad-2.qst bad-3.qst
is "$(grep -c 'quipu explain' err)" 1
says '^quipu: what to do about it: quipu explain QP-LOT-UNKNOWN QP-CHAIN-GAP$' err
expect 1 submit --json bad-1.qst
says_not 'quipu explain' out
says_not 'quipu explain' err
jq -c '.place = {locode: "PECL0"}' bad.json >locode.json
expect 1 quipu sign --key coop.key -o bad.qst locode.json
says '^quipu: what to do about it: quipu explain QP-PLACE-LOCODE$' err
expect 1 quipu sign --json --key coop.key -o bad.qst locode.json
is "$(wc -l <err)" 1
expect 1 quipu explain QP-NONE
says_not 'what to do' err

# An import judges rows by the same rules before it signs them, and gives the same code.
expect 1 quipu import parties --key operator.key -o bad.qst "$SAMPLE/bad/party-ruc-digit.csv"
says '\[QP-PARTY-IDENTIFIER\]$' err
says '^quipu: what to do about it: quipu explain QP-PARTY-IDENTIFIER$' err
expect 1 quipu import parties --json --key operator.key -o bad.qst \
    "$SAMPLE/bad/party-country-uk.csv"
is "$(jq -r '.rule // empty' err | head -n 1)" QP-PLACE-COUNTRY
says_not 'what to do' err
