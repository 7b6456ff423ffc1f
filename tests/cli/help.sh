# Help: every command explains itself, on stdout, in 80 columns.
. "$(dirname "$0")/lib.sh"

check_help() {
    expect 0 quipu "$@"
    [ -s out ] || fail "no help: quipu $*"
    [ ! -s err ] || fail "help on stderr: quipu $*"
    says '^Usage: quipu ' out
    if grep -n '.\{81\}' out; then
        fail "wider than 80 columns: quipu $*"
    fi
    says_not ' $' out
}

check_help --help
check_help -h
check_help help
all_commands >commands
[ "$(wc -l <commands)" -ge 9 ] || fail "commands are missing from quipu --help"
while read -r command; do
    # shellcheck disable=SC2086 # one or two words
    check_help $command --help
    cp out by_option
    says "^Usage: quipu $command" out
    says '^  -h, --help' out
    says '^      --json' out
    # shellcheck disable=SC2086
    check_help help $command
    cmp -s out by_option || fail "quipu help $command differs from quipu $command --help"
done <commands
check_help key --help
check_help import --help
