# prove and verify in less and less address space: done as ever, or refused in a word.
. "$(dirname "$0")/lib.sh"
if [ -n "$SANITIZED" ] || ! (ulimit -v 4000000) 2>/dev/null; then
    echo 'skipped: sanitizers need all the address space, or it cannot be limited here'
    exit 77
fi
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu policy new --ledger ledger --registrar registry --assessor geo-andes -o policy.json
expect 0 quipu prove ledger cafe-sur/SH-0001 -o bundle.quipu
answer=0
quipu verify bundle.quipu --policy policy.json --json >verdict.json || answer=$?

# within KB COMMAND: its status in `got`; 126 and more only when it could not be begun.
within() {
    limit=$1
    shift
    got=0
    (ulimit -v "$limit" && exec "$@") >out 2>err || got=$?
}

# The least in which the program runs at all.
least=20000
within "$least" quipu version
while [ "$got" != 0 ]; do
    least=$((least + 2000))
    [ "$least" -lt 4000000 ] || fail 'the program does not run in any address space'
    within "$least" quipu version
done

# squeeze STATUS STEP COMMAND: in steps of so many kB, until it is done five times running.
squeeze() {
    want=$1
    step=$2
    shift 2
    limit=$least
    good=0
    refused=0
    while [ "$good" -lt 5 ]; do
        rm -f made.quipu
        within "$limit" "$@"
        if [ "$got" = "$want" ]; then
            good=$((good + 1))
        else
            is "$got" 4
            [ -s err ] || fail "refused without a word in $limit kB: $*"
            good=0
            refused=$((refused + 1))
            [ ! -e made.quipu ] || fail 'half a bundle was written'
        fi
        limit=$((limit + step))
        [ "$limit" -lt $((least + 400000)) ] || fail "never done: $*"
    done
}
squeeze 0 1600 quipu prove ledger cafe-sur/SH-0001 -o made.quipu
[ "$refused" -ge 3 ] || fail "prove was refused $refused times only"
cmp made.quipu bundle.quipu || fail 'another bundle'
squeeze "$answer" 300 quipu verify bundle.quipu --policy policy.json --json
cmp out verdict.json || fail 'another verdict'
squeeze "$answer" 300 quipu verify bundle.quipu --policy policy.json --json --explain located
