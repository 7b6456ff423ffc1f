# Checkers of other people (tests/npm). They are installed once, into the folder QP_NPM; tests that
# source this file hold the lock `npm` (CMakeLists.txt). Source lib.sh first.
: "${QP_NPM:=$WORK/npm}"
export QP_NPM

# Fails with the reason on stdout where they cannot be had.
npm_checkers() {
    command -v npm >/dev/null && command -v node >/dev/null || {
        echo 'npm is not there'
        return 1
    }
    if ! cmp -s "$QP_SOURCE/tests/npm/package-lock.json" "$QP_NPM/installed.json"; then
        mkdir -p "$QP_NPM"
        cp "$QP_SOURCE/tests/npm/package.json" "$QP_SOURCE/tests/npm/package-lock.json" "$QP_NPM/"
        (cd "$QP_NPM" && timeout 120 npm ci --ignore-scripts --no-audit --no-fund) \
            >install.log 2>&1 || {
            echo "the checkers cannot be installed: $(tail -n 1 install.log)"
            return 1
        }
        cp "$QP_NPM/package-lock.json" "$QP_NPM/installed.json"
    fi
}
