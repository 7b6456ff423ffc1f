# The journal: lists what was signed, hands it out again byte for byte, notices damage.
. "$(dirname "$0")/lib.sh"
key coop
id=$(printf '%064d' 7)
event() {
    printf '{"occurred":"2026-02-03","lot_recalled":{"lot":"a-b/L-%s","reason":"r"}}\n' "$1"
}
for i in 1 2 3; do event $i; done >three.json
quipu sign --key coop.key --ledger "$id" --batch 1 -o three.qst three.json >/dev/null

expect 0 quipu journal coop.key
is "$(wc -l <out)" 4
says '^sequence  signed  ' out
says '^       2  2.*Z       0  1 lot_recalled$' out
expect 0 quipu journal coop.key --json --from 1
is "$(jq -c '[.sequence, .events, .sealed, .kinds]' out | head -n 1)" '[1,1,0,{"lot_recalled":1}]'
is "$(wc -l <out)" 2
expect 0 quipu journal coop.key --events
is "$(jq -r .event.lot_recalled.lot out | tr '\n' ' ')" 'a-b/L-1 a-b/L-2 a-b/L-3 '

# Handed out again, all or from a number on.
expect 0 quipu journal coop.key --export -o again.qst
cmp -s three.qst again.qst || fail "handed out otherwise than before"
quipu journal coop.key --export >stdout.qst 2>err || fail "to stdout"
cmp -s three.qst stdout.qst || fail "handed out otherwise on stdout"
expect 0 quipu journal coop.key --export --from 2 -o last.qst
tail -c "$(wc -c <last.qst)" three.qst | cmp -s - last.qst || fail "not the last statement"
expect 1 quipu journal coop.key --export --from 3 -o none.qst
says 'the next is 3' err
[ ! -e none.qst ] || fail "a file of nothing"
expect 2 quipu journal coop.key -o x
expect 2 quipu journal coop.key --export --events

# Another key's journal, a changed byte, bytes that are missing.
key other
rmdir other.journal
cp -r coop.journal other.journal
expect 1 quipu journal other.key
says 'another key' err
cp -r coop.journal whole
file=coop.journal/$id.qst
size=$(wc -c <"$file")
head -c $((size - 1)) "whole/$id.qst" >"$file"
expect 1 quipu journal coop.key
{ head -c 80 "whole/$id.qst"; printf 'Z'; tail -c +82 "whole/$id.qst"; } >"$file"
expect 1 quipu journal coop.key
cp "whole/$id.qst" "$file"
expect 0 quipu journal coop.key
