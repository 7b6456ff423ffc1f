# Passphrases at the terminal: asked twice for a new key, never shown.
. "$(dirname "$0")/lib.sh"
script -qec true /dev/null >/dev/null 2>&1 </dev/null ||
    { echo 'skipped: no pseudo-terminal can be had here'; exit 77; }

# at_terminal COMMAND: in a terminal of its own, which is typed to after each question.
at_terminal() {
    mkfifo keys
    : >typescript
    script -qefc "$1" typescript <keys >/dev/null &
    pid=$!
    exec 4>keys
    shift
    asked=0
    for line in "$@"; do
        asked=$((asked + 1))
        tries=0
        while [ "$(grep -o 'assphrase for' typescript | wc -l)" -lt "$asked" ]; do
            tries=$((tries + 1))
            [ "$tries" -lt 300 ] || fail "not asked: $(cat typescript)"
            sleep 0.1
        done
        sleep 0.2 # the question stands, the terminal is ready for the answer
        printf '%s\r' "$line" >&4
    done
    exec 4>&-
    status=0
    wait "$pid" || status=$?
    rm keys
}

at_terminal 'quipu key new a.key --name a/1' 'mi chacra' 'mi chacra'
is "$status" 0
says_not 'chacra' typescript
[ -e a.key ] || fail "no key was made: $(cat typescript)"
echo 'mi chacra' >pass
echo '{"occurred":"2026-02-03","lot_recalled":{"lot":"a-b/L","reason":"r"}}' >event.json
id=$(printf '%064d' 0)
expect 0 quipu sign --key a.key --passphrase-file pass --ledger "$id" -o a.qst event.json

at_terminal 'quipu key new b.key --name b/1' 'mi chacra' 'my chacra'
is "$status" 2
says 'differ' typescript
[ ! -e b.key ] || fail "a key was made of two passphrases"

at_terminal "quipu sign --key a.key -o b.qst event.json" 'mi chacra'
is "$status" 0
[ -s b.qst ] || fail "nothing was signed"

# Statements are not poured onto a terminal, and the key does not sign for nothing.
expect 0 quipu journal --json a.key --passphrase-file pass
is "$(wc -l <out)" 2
at_terminal "quipu sign --key a.key event.json"
is "$status" 2
says 'terminal' typescript
expect 0 quipu journal --json a.key --passphrase-file pass
is "$(wc -l <out)" 2
