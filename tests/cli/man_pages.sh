# Manual pages: one for every command, which documents every option that the help shows, and no
# other; the form is what mandoc wants.
. "$(dirname "$0")/lib.sh"
MAN=$QP_SOURCE/tools/man

# Long options that stand as entries of a page or of a help text.
help_options() {
    sed -n 's/^ \{2,6\}\(-[a-zA-Z], \)\{0,1\}--\([a-z-]*\).*/\2/p'
}

page_options() {
    grep '^\.It Fl' "$1" | tr ' ' '\n' | sed -n 's/^-\([a-z-]*\)$/\1/p'
}

all_commands >commands
for command in $(quipu --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
    page=$MAN/quipu-$command.1
    [ -f "$page" ] || fail "no manual page of $command"
    for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
        grep -q "^\.Sh $section\$" "$page" || fail "$page has no section $section"
    done
    grep -q "quipu-$command 1" "$MAN/quipu.1" || fail "quipu.1 does not name quipu-$command"
    grep -e "^$command\$" -e "^$command " commands | while read -r one; do
        # shellcheck disable=SC2086 # one or two words
        quipu $one --help | help_options
    done | sort -u >shown
    page_options "$page" | sort -u >documented
    [ -s shown ] || fail "no options of $command were found"
    cmp -s shown documented ||
        fail "options of $command, in the help (<) and in the page (>): $(diff shown documented)"
done

command -v mandoc >/dev/null || { echo 'skipped: the form, mandoc is not there'; exit 0; }
mandoc -Tlint "$MAN"/*.[157] >lint 2>&1 || true
# Our own pages need not be installed where this runs.
if grep -v 'referenced manual not found' lint; then
    fail 'mandoc finds fault with the pages'
fi
