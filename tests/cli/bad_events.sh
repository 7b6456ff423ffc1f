# Each file of tools/sample/bad/events is refused under the rule that its table promises: by `quipu
# sign` where no ledger is needed to see it, otherwise by the ledger, which stays as it was.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/demo.sh"
BAD=$SAMPLE/bad/events
sed -n 's/^| \([a-z0-9-]*\)\.json | \([a-z-]*\) | \([a-z0-9.-]*\) *| .* | \(QP-[A-Z-]*\) |$/\1 \2 \4 \3/p' \
    "$BAD/README.md" >table
for file in "$BAD"/*.json; do
    name=$(basename "$file" .json)
    grep -q -e "^$name " -e " $name\.json\$" table || fail "$file is not in the table"
done

submit_demo() {
    quipu submit --json demo/ledger --log-key demo/camara-cafe/log.key "$@"
}

# Signed with a copy of the key and its journal: what is refused must not stand in the chain that the
# next file goes on from.
sign_as() {
    rm -rf laptop
    mkdir laptop
    cp -R "demo/$1/$1.key" laptop/
    if [ -d "demo/$1/$1.journal" ]; then
        cp -R "demo/$1/$1.journal" laptop/
    fi
    quipu sign --json --key "laptop/$1.key" --party "$1" --ledger demo/ledger.json \
        -o signed.qst "$2"
}

expect 0 quipu sign --key demo/selva-central/selva-central.key -o first.qst \
    "$BAD/receive-1-handed-over.json"
expect 0 submit_demo first.qst
quipu stats --json demo/ledger >before
count=0
wrong=0
alone=0
while read -r name party rule after; do
    case $after in
    '' | receive-1-handed-over.json) ;;
    *) fail "$name comes after $after, which this test does not know" ;;
    esac
    if sign_as "$party" "$BAD/$name.json" >out 2>err; then
        submit_demo signed.qst >out 2>err || true
        got=$(jq -r 'select(.statement) | if .result == "refused" then .rule else .result end' out)
    else
        got=$(jq -r 'select(.error == "refused") | .rule' err)
        alone=$((alone + 1))
    fi
    if [ "$got" != "$rule" ]; then
        echo "$name: $got instead of $rule; $(jq -r '.text // empty' out)" >&2
        wrong=$((wrong + 1))
    fi
    count=$((count + 1))
done <table
[ "$wrong" -eq 0 ] || fail "$wrong of $count files get another answer than their table says"
[ "$alone" -gt 7 ] || fail "only $alone files are refused before they are signed"
[ "$count" -gt 50 ] || fail "only $count files in the table"
quipu stats --json demo/ledger >after
is "$(jq -c '[.entries, .events]' after)" "$(jq -c '[.entries, .events]' before)"
expect 0 quipu audit demo/ledger
