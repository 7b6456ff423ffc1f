# The examples of the manual pages run, in order, as they are printed. A command is a line that
# begins with "$ " and the lines below it up to the next one.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
MAN=$QP_SOURCE/tools/man

examples() {
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" | sed -n '/^\.Bd -literal/,/^\.Ed/p' |
        sed -e '/^\.Bd/d' -e '/^\.Ed/d' -e 's/^\\&//' -e 's/\\e/\\/g' -e 's/\\-/-/g' |
        sed -e "s/\\\\(aq/'/g" -e 's/^\$ //'
}

# run PAGE...: their examples, one after the other in one shell, so that one builds on another.
run() {
    echo 'set -eu' >script
    for page in "$@"; do
        examples "$MAN/$page" >page_script
        [ -s page_script ] || fail "$page has no examples"
        printf 'echo "== %s" >&2\n' "$page" >>script
        cat page_script >>script
    done
    echo 'set -x' | cat - script >traced
    sh traced >out 2>err || fail "an example of $* does not run: $(tail -n 30 err)"
}

# The tour from the first key to the first submission.
mkdir tour
cd tour || exit
cp -r "$SAMPLE" sample
cp -r "$SAMPLE/../rulesets" rulesets
run quipu.1 quipu-key.1 quipu-init.1 quipu-events.1 quipu-sign.1 quipu-import.1 quipu-submit.1 \
    quipu-survey.1 quipu-journal.1 quipu-explain.1 quipu-version.1 quipu-bench.1

# What is there to read, prove and judge: in the folder of a small season.
mkdir ../season
cd ../season || exit
season
pages=
for name in log show trace impact receipt prove policy verify export audit stats fork-proof backup \
    restore resume scrub; do
    if [ -f "$MAN/quipu-$name.1" ]; then
        pages="$pages quipu-$name.1"
    fi
done
if [ -n "$pages" ]; then
    # shellcheck disable=SC2086 # a list of pages
    run $pages
fi

# No page is left out.
for path in "$MAN"/*.1; do
    case " quipu.1 quipu-key.1 quipu-init.1 quipu-events.1 quipu-sign.1 quipu-import.1 \
 quipu-submit.1 quipu-survey.1 quipu-journal.1 quipu-explain.1 quipu-version.1 quipu-bench.1 $pages " in
    *" $(basename "$path") "*) ;;
    *) fail "the examples of $(basename "$path") are not run" ;;
    esac
done
