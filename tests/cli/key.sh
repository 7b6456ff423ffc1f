# Keys: made once, never written over, closed with a passphrase unless asked otherwise.
. "$(dirname "$0")/lib.sh"

# A key is closed to others, and its public half is what `key show` says.
expect 0 quipu key new open.key --name open/1 --no-passphrase
is "$(stat -c %a open.key)" 600
says 'passphrase  NO' out
is "$(stat -c %a open.journal)" 700
is "$(ls -A open.journal)" ''
expect 0 quipu key show open.key
says "^vkey        $(cat open.vkey)\$" out
expect 0 quipu key show --json open.key
is_json out
is "$(jq -r .vkey out)" "$(cat open.vkey)"
is "$(jq -r .encrypted out)" false
is "$(jq -r '.public_key | length' out)" 64

# No key is written over.
cp open.key before
expect 4 quipu key new open.key --name open/2 --no-passphrase
says 'never written over' err
cmp -s before open.key || fail "a key was written over"

# From a file and from a descriptor; what is behind the first line does not count.
printf 'secreto de la finca\nother line\n' >pass
expect 0 quipu key new closed.key --name closed/1 --passphrase-file pass
says 'passphrase  yes' out
says_not 'finca' closed.key
expect 0 quipu key new fd.key --name fd/1 --passphrase-fd 3 3<pass
is "$(quipu key show --json fd.key | jq .encrypted)" true

# Wrong, missing, empty and too many passphrases. Without a terminal nothing is asked.
echo '{"occurred":"2026-02-03","lot_recalled":{"lot":"a-b/L","reason":"r"}}' >event.json
id=$(printf '%064d' 0)
sign() {
    setsid quipu sign --ledger "$id" -o out.qst "$@" event.json </dev/null
}
echo wrong >wrong
: >empty
expect 1 sign --key closed.key --passphrase-file wrong
says 'passphrase' err
expect 2 sign --key closed.key
says '\-\-passphrase-file' err
expect 2 sign --key closed.key --passphrase-file empty
expect 2 sign --key closed.key --passphrase-file pass --passphrase-fd 3
expect 4 sign --key closed.key --passphrase-file nowhere
expect 2 sign --key closed.key --passphrase-fd x
expect 0 sign --key closed.key --passphrase-file pass
expect 0 sign --key fd.key --passphrase-fd 3 3<pass
# One that is at hand is no reason to refuse a key that needs none.
expect 0 sign --key open.key --passphrase-file pass
expect 2 setsid quipu key new third.key --name third/1 </dev/null
[ ! -e third.journal ] || fail "a journal without a key"
[ ! -e third.key ] || fail "a key was made without a passphrase"

# A key that others can read is not used; a file that is none, or is cut off, is refused.
chmod 644 open.key
expect 4 sign --key open.key
says 'chmod 600' err
chmod 600 open.key
head -c 100 open.key >cut.key
chmod 600 cut.key
expect 3 quipu key show cut.key
says 'cut.key' err
expect 3 sign --key cut.key
expect 4 quipu key show nowhere.key

# The name.
expect 2 quipu key new fourth.key --no-passphrase
says '\-\-name' err
expect 3 quipu key new fourth.key --no-passphrase --name 'two words'
expect 3 quipu key new fourth.key --no-passphrase --name 'a+b'
[ ! -e fourth.key ] || fail "a key with such a name was made"
