# The tour in the README, line by line as a reader copies it.
. "$QP_SOURCE/tests/cli/lib.sh"

# The blocks marked as sh, in order.
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$QP_SOURCE/README.md" >tour
[ "$(grep -c quipu tour)" -ge 15 ] || fail "the README has no tour"
mkdir empty
sh "$QP_SOURCE/tools/sample/play" "$WORK/empty/build/demo" >played 2>&1 || {
    cat played
    fail "the sample season does not play"
}
(
    cd empty
    awk '/^cd build\/demo$/ { exit } 1' ../tour >../first
    awk '/^cd build\/demo$/ { on = 1 } on' ../tour >../second
    sh -eu ../first
    sh -eu ../second
) >out 2>err || fail "a line of the tour does not run"
says 'VERDICT: PASS' out
says 'SOUND' out
[ -s empty/build/demo/plots.geojson ] || fail "no plots were exported"
