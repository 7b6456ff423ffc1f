# Usage errors: status 2, one line on stderr that says what to do; with --json an object.
. "$(dirname "$0")/lib.sh"

expect 2 quipu
says '^quipu: ' err
[ ! -s out ] || fail "an error on stdout"
expect 2 quipu sing
says 'did you mean "quipu sign"' err
expect 2 quipu key nwe
says 'did you mean "quipu key new"' err
expect 2 quipu xyzzyxyzzy
says 'quipu --help' err
expect 2 quipu help xyzzyxyzzy
expect 2 quipu sign --kye a b
says 'did you mean --key' err
expect 2 quipu sign -Z a
says ' -Z' err
expect 2 quipu sign '' -Z
says ' -Z' err
expect 2 quipu sign -é
says 'unknown option -é' err
expect 2 quipu sign --json=yes
says 'json=yes takes no value' err
expect 2 quipu sign --key
says 'needs a value' err
expect 2 quipu sign --key '' a
says 'empty' err
expect 2 quipu sign a
says '\-\-key FILE is missing' err
expect 2 quipu sign --key k
says 'EVENTS.json' err
expect 2 quipu sign --key k a b
says 'more arguments' err
for number in x -1 1x '' ' 1' 99999999999999999999999; do
    expect 2 quipu sign --key k --batch "$number" a
    says 'number' err
done

# The same for programs.
expect 2 quipu sign --json
is_json err
is "$(jq -r .error err)" usage
is "$(jq -r 'keys_unsorted | join(",")' err)" error,rule,text
expect 2 quipu --json
expect 2 quipu sing --json
is_json err

# "--" ends the options, and nothing behind it is one.
expect 4 quipu key show -- --json
says '^quipu: cannot open --json' err
expect 4 quipu key show -- -x
says 'cannot open -x' err

# What comes from outside does not reach the terminal as it is.
esc=$(printf '\033')
expect 4 quipu key show "evil${esc}[2Jname"
says_not "$esc" err

# A full disk is told.
if [ -e /dev/full ]; then
    got=0
    quipu version >/dev/full 2>err || got=$?
    is "$got" 4
    says 'stdout' err
fi

expect 0 quipu version
says '^quipu [0-9]*\.[0-9]*\.[0-9]*, format [0-9]*, store [0-9]*$' out
expect 0 quipu --version
expect 0 quipu version --json
is_json out
is "$(jq -r '[.version, .format, .store] | length' out)" 3
expect 2 quipu version more

# A file where a ledger's folder belongs: the order is said.
echo '[]' >file.qst
mkdir empty
expect 2 quipu submit file.qst empty --log-key k
says 'usage: quipu submit LEDGER FILE|-\.\.\.; file.qst is a file' err
expect 2 quipu log file.qst
says 'LEDGER is the folder of a ledger' err
for command in log stats audit 'show THING' 'trace THING' 'receipt get 0' 'prove THING -o x'; do
    # shellcheck disable=SC2086 # a command and its other arguments
    set -- $command
    name=$1
    shift
    [ "$name" != receipt ] || { name='receipt get'; shift; }
    for folder in empty nowhere; do
        # shellcheck disable=SC2086
        expect 1 quipu $name $folder "$@"
        says 'there is no ledger in' err
    done
done

# The public half in the place of the secret key, whatever its mode.
key coop
echo '{"occurred": "2026-06-20", "lot_inspected": {"lot": "coop/L-1", "inspection": "quality",
    "measurements": [{"name": "moisture", "micro_units": 11300000, "unit": "%"}],
    "outcome": "passed"}}' \
    >file.qst
for mode in 644 600; do
    chmod $mode coop.vkey
    expect 3 quipu sign --key coop.vkey --ledger "$(printf '%064d' 0)" file.qst
    says 'coop.vkey is the public half of a key' err
    says 'give the secret one, the .key file' err
done

# Text is UTF-8 whatever the locale says.
key ñandú
for locale in C C.UTF-8; do
    LC_ALL=$locale quipu key show ñandú.key >out
    says '^key file    ñandú.key$' out
done
