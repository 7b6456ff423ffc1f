# The sample season, played by the program itself into the folder `demo`. Source lib.sh first.
QUIPU=$WORK/.bin/quipu "$SAMPLE/play" demo >played 2>&1 || fail "play: $(cat played)"
