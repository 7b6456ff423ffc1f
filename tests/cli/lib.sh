# What the tests of the command line share. Each sources this file first; QUIPU is the program,
# QP_SOURCE the source tree. A test works in a folder of its own, which goes away with it.
set -eu
: "${QUIPU:?the program under test}" "${QP_SOURCE:?the source tree}"
export LC_ALL=C.UTF-8 TERM=dumb
unset NO_COLOR

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

# The program by the name that people type.
mkdir "$WORK/.bin"
ln -s "$QUIPU" "$WORK/.bin/quipu"
PATH="$WORK/.bin:$PATH"
SAMPLE=$QP_SOURCE/tools/sample
export PATH SAMPLE

fail() {
    echo "FAILED: $*" >&2
    for file in out err; do
        if [ -s "$file" ]; then
            echo "--- $file" >&2
            head -c 4000 "$file" >&2
        fi
    done
    exit 1
}

# expect STATUS COMMAND...: its output in the files out and err.
expect() {
    want=$1
    shift
    got=0
    "$@" >out 2>err || got=$?
    [ "$got" = "$want" ] || fail "status $got, not $want: $*"
}

# says PATTERN FILE: some line matches the basic regular expression.
says() {
    grep -q -e "$1" "$2" || fail "no line in $2 like: $1"
}

says_not() {
    if grep -q -e "$1" "$2"; then
        fail "a line in $2 like: $1"
    fi
}

is() {
    [ "$1" = "$2" ] || fail "\"$1\" is not \"$2\""
}

is_json() {
    jq -e . "$1" >/dev/null 2>&1 || fail "$1 is not JSON"
}

# key NAME: NAME.key without a passphrase.
key() {
    quipu key new "$1.key" --name "$1" --no-passphrase >/dev/null
}

public_key() {
    quipu key show --json "$1.key" | jq -r .public_key
}

# A ledger in the folder `ledger`, with operator.key and log.key.
ledger() {
    key operator
    key log
    quipu init ledger --origin ledger.example/2026 --name 'Example ledger' --operator registry \
        --legal-name 'Registry' --registrar --key operator.key --log-key log.key \
        --at 2026-02-01 >/dev/null
}

submit() {
    quipu submit ledger --log-key log.key "$@"
}

# enrol KEY PARTY ROLE...: by the operator.
enrol() {
    enrol_key=$(public_key "$1")
    enrol_party=$2
    shift 2
    jq -n --arg key "$enrol_key" --arg party "$enrol_party" '{occurred: "2026-02-02",
        party_enrolled: {party: $party, legal_name: ("Sociedad " + $party), country: "PE",
        roles: $ARGS.positional, key: $key}}' --args "$@" |
        quipu sign --key operator.key -o enrol.qst - >/dev/null
    submit enrol.qst >/dev/null
}

# Every command as it is called: "key new", "sign"; found by asking the program itself.
commands_below() {
    # shellcheck disable=SC2086 # "" stands for the program itself
    quipu $1 --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

all_commands() {
    for command in $(commands_below ""); do
        if quipu "$command" --help | head -n 1 | grep -q 'COMMAND'; then
            for below in $(commands_below "$command"); do
                echo "$command $below"
            done
        else
            echo "$command"
        fi
    done
}
