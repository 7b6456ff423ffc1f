# Opening a ledger.
. "$(dirname "$0")/lib.sh"
key operator
key log

init() {
    folder=$1
    shift
    quipu init "$folder" --origin ledger.example/2026 --name 'Café y cacao' --operator registry \
        --legal-name 'Registro' --key operator.key --log-key log.key "$@"
}

expect 0 init one --registrar --ruc 20990041009 --gln 9520000010003 --at 2026-02-02
id=$(jq -r .ledger_id one/ledger.json)
says "^ledger    $id\$" out
is "$(jq -r 'keys_unsorted | join(",")' one/ledger.json)" ledger_id,origin,name,log_vkey
is "$(jq -r .name one/ledger.json)" 'Café y cacao'
jq -r .log_vkey one/ledger.json | grep -q '^ledger.example/2026+' || fail "log key is not named by the origin"

# The opening is the operator's statement 0, with the roles that were asked for.
expect 0 quipu journal operator.key --events
is "$(jq -c .event.ledger_opened.operator.roles out)" '["operator","registrar"]'
is "$(jq -r .event.occurred out)" 2026-02-02T00:00:00Z
is "$(jq -r .event.ledger_opened.operator.key out)" "$(public_key operator)"
is "$(jq -r .event.ledger_opened.log_key out)" "$(public_key log)"
is "$(jq -r '.event.ledger_opened.operator.identifiers | length' out)" 2

# Never into a folder that holds something, and then nothing is signed either.
expect 4 init one
says 'already' err
mkdir full
echo mine >full/file
expect 4 init full
is "$(cat full/file)" mine
is "$(ls full)" file
expect 0 quipu journal operator.key --json
is "$(wc -l <out)" 1

# Another ledger with the same keys has another id; the journal keeps them apart.
expect 0 init two --json
is_json out
[ "$(jq -r .ledger_id out)" != "$id" ] || fail "two ledgers with one id"
expect 2 quipu journal operator.key
says '\-\-ledger' err
expect 0 quipu journal operator.key --ledger one
expect 0 quipu journal operator.key --ledger two/ledger.json
expect 0 quipu journal operator.key --ledger "$id"

# Values out of form.
expect 3 init three --country Peru
says 'country' err
expect 2 init three --at yesterday
says '\-\-at' err
expect 3 quipu init three --origin 'two words' --name n --operator registry --legal-name l \
    --key operator.key --log-key log.key
expect 3 quipu init three --origin o --name n --operator 'Registry!' --legal-name l \
    --key operator.key --log-key log.key
[ ! -e three ] || fail "a folder was left behind"

# A log key with a passphrase of its own: the option that is missing is named.
echo secret >pass
quipu key new locked.key --name locked --passphrase-file pass >/dev/null
expect 2 quipu init four --origin o --name n --operator registry --legal-name l \
    --key operator.key --passphrase-file pass --log-key locked.key </dev/null
says 'locked.key has a passphrase' err
says '\-\-log-passphrase-file or --log-passphrase-fd' err
[ ! -e four ] || fail "a folder was left behind"
