# Each case of tools/sample/bad/events is refused under the rule that its table promises: by `quipu
# sign` where no ledger is needed to see it, otherwise by the ledger, which admits nothing of it. And
# there is a case for every code.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/demo.sh"
BAD=$SAMPLE/bad/events
sed -n 's/^| \([a-z0-9.-]*\) | [a-z-]* | \(.*\) | .* | \(QP-[A-Z-]*\) |$/\1 \3 \2/p' \
    "$BAD/README.md" >table

# Codes that no event and no statement can be refused with, and why.
exceptions=

# No file lies about that nothing uses, and no row is passed over.
is "$(grep -c '^| .* | QP-' "$BAD/README.md")" "$(wc -l <table)"
for file in "$BAD"/*.json; do
    name=$(basename "$file")
    case $name in chain-[12].json) continue ;; esac
    grep -q -e "^$name " -e ":$name" table || fail "$file is not in the table"
done

# Every code has its case.
quipu explain --json | jq -r .code | sort >codes
{ cut -d ' ' -f 2 table; printf '%s\n' $exceptions; } | sed '/^$/d' | sort -u >covered
cmp -s codes covered || fail "codes (<) and cases (>) differ: $(diff codes covered)"

count=0
wrong=0
alone=0
while read -r name rule after; do
    status=0
    "$SAMPLE/bad/try" demo "$name" >out 2>err || status=$?
    if [ ! -s out ]; then
        alone=$((alone + 1)) # it was not even signed
    elif ! grep -q '^0 admitted (0 events), 0 known before, 1 refused' out; then
        status=admitted
    fi
    if [ "$status" != 1 ] || ! grep -q "\[$rule\]\$" err ||
        ! grep -q "^quipu: what to do about it: quipu explain $rule\$" err; then
        echo "$name ($after): $status, not refused with $rule alone; $(cat err)" >&2
        wrong=$((wrong + 1))
    fi
    count=$((count + 1))
done <table
[ "$wrong" -eq 0 ] || fail "$wrong of $count cases get another answer than their table says"
[ "$alone" -gt 15 ] || fail "only $alone cases are refused before they are signed"
[ "$count" -gt 90 ] || fail "only $count cases in the table"

# The season itself has stayed as it was, and a case that is none is said to be none.
expect 0 quipu audit demo/ledger
expect 2 "$SAMPLE/bad/try" demo no-such-case
expect 2 "$SAMPLE/bad/try" demo
