# Signing events: all or nothing, in one chain, into the journal first.
. "$(dirname "$0")/lib.sh"
key coop
id=$(printf '%064d' 7)
event() {
    printf '{"occurred":"2026-02-03","lot_recalled":{"lot":"a-b/L-%s","reason":"r"}}\n' "$1"
}

# The ledger is named once; then the journal knows it.
event 1 >one.json
expect 2 quipu sign --key coop.key -o one.qst one.json
says '\-\-ledger' err
expect 0 quipu sign --key coop.key --ledger "$id" -o one.qst one.json
says '1 event signed in 1 statement, sequence 0' out
expect 0 quipu sign --key coop.key -o two.qst one.json
says 'sequence 1' out
[ "$(head -c 19 one.qst)" = "quipu/submission/v1" ] || fail "not a submission file"

# Lists, lines, stdin and stdout; batches.
for i in 1 2 3 4 5; do event $i; done >five.json
expect 0 quipu sign --key coop.key -o five.qst five.json --batch 2
says '5 events signed in 3 statements, sequence 2 to 4' out
jq -s . five.json >list.json
quipu sign --key coop.key - <list.json >list.qst 2>err || fail "stdin to stdout"
says 'sequence 5' err
[ -s list.qst ] || fail "nothing on stdout"
expect 0 quipu sign --key coop.key --json -o six.qst one.json
is_json out
is "$(jq -c '[.file, .events, .sealed, .statements, .first_sequence]' out)" '["six.qst",1,0,1,6]'

# One wrong event, and none is signed.
{ event 1; echo '{"occurred":"2026-02-03","lot_recalled":{"lot":"L","reason":"r"}}'; } >bad.json
expect 3 quipu sign --key coop.key -o bad.qst bad.json
says 'bad.json' err
says 'line 2' err
says 'lot is a code without its party; write PARTY/CODE' err
[ ! -e bad.qst ] || fail "a file of a bad list"
echo '{"occurred":"2026-02-03","lot_recaled":{}}' >bad.json
expect 3 quipu sign --key coop.key -o bad.qst bad.json
echo 'not json' >bad.json
expect 3 quipu sign --key coop.key -o bad.qst bad.json
: >bad.json
expect 3 quipu sign --key coop.key -o bad.qst bad.json
expect 4 quipu sign --key coop.key -o bad.qst nowhere.json
for batch in 0 4097; do
    expect 2 quipu sign --key coop.key -o bad.qst --batch $batch one.json
done
expect 2 quipu sign --key coop.key --ledger nowhere -o bad.qst one.json
expect 0 quipu journal coop.key --json
is "$(wc -l <out)" 7

# A document is read from the current folder and sealed; its text is nowhere in the event.
echo 'Padron de socios, reservado' >padron.txt
cat >document.json <<'END'
{"occurred": "2026-02-17", "document_attached": {"subject": {"kind": "party", "id": "a-b"},
 "title": "Padron", "heads": ["labour"], "evidence": "declared",
 "document": {"seal": {"kind": "document", "content": {"file": "padron.txt"}}}}}
END
expect 0 quipu sign --key coop.key --json -o document.qst document.json
is "$(jq .sealed out)" 1
expect 0 quipu journal coop.key --events --from 7
says_not 'reservado' out
is "$(jq -r '.event.document_attached.document.length' out)" 28
rm padron.txt
expect 4 quipu sign --key coop.key -o bad.qst document.json
says 'padron.txt' err
sed 's/padron.txt/-/' document.json >bad.json
expect 3 quipu sign --key coop.key -o bad.qst bad.json

# A file that cannot be written: the statement is in the journal, and the error says where.
expect 4 quipu sign --key coop.key -o no/such/folder.qst one.json
says 'journal \-\-export \-\-from 8' err
expect 0 quipu journal coop.key --export --from 8 -o again.qst
[ -s again.qst ] || fail "nothing handed out again"

# What every ledger refuses is not signed, and a key without its journal signs nothing.
expect 0 quipu journal coop.key --json
cp out before
cat >shipment.json <<'END'
{"occurred": "2026-06-20", "shipment_dispatched": {"shipment": "a-b/S-1", "consignee": "buyer",
 "lots": [{"lot": "a-b/L-1", "quantity": {"grams": 5}}], "commodity": "coffee",
 "hs_code": "090111", "port_of_loading": "PECLL", "port_of_discharge": "DEHAM",
 "destination_country": "DE", "containers": [{"number": "CSQU3054384"}]}}
END
expect 1 quipu sign --key coop.key -o x.qst shipment.json
says 'nothing was signed; event 1, shipment_dispatched' err
says 'QP-SHIPMENT-CONTAINER' err
sed -i 's/CSQU3054384/CSQU3054383/' shipment.json
expect 1 quipu sign --key coop.key --party other -o x.qst shipment.json
says 'QP-NAME' err
expect 2 quipu sign --key coop.key --party A-b -o x.qst shipment.json
expect 0 quipu journal coop.key --json
cmp -s out before || fail "something was signed"
expect 0 quipu sign --key coop.key --party a-b -o x.qst shipment.json
expect 2 quipu sign --key coop.key --party other -o x.qst shipment.json
says 'has signed as a-b' err
sed -i 's/a-b.S-1/other\/S-1/' shipment.json
expect 1 quipu sign --key coop.key -o x.qst shipment.json
says 'QP-NAME' err
mv coop.journal elsewhere
for ledger in '' "--ledger $id"; do
    # shellcheck disable=SC2086 # none or two words
    expect 2 quipu sign --key coop.key $ledger -o x.qst one.json
    says 'bring its journal' err
done
expect 1 quipu journal coop.key
[ ! -e coop.journal ] || fail "a journal was made"
