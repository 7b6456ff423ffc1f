/* A signed note: it is its parts and nothing else. Its text as a checkpoint, its first line as a
 * verifier key: what is accepted is written the same again. */
#include "fuzz/fuzz.h"

#include <quipu/note.h>

static void holds_note(struct qp_span in)
{
    static struct qp_note note;
    if (qp_note_parse(in, &note, NULL) != QP_OK) {
        return;
    }
    struct qp_buf again = {0};
    HOLDS(note.line_count >= 1 && note.line_count <= QP_NOTE_SIGNATURES_MAX);
    HOLDS(note.text.len > 0 && note.text.data[note.text.len - 1] == '\n');
    HOLDS(qp_buf_add(&again, note.text, NULL) == QP_OK);
    HOLDS(qp_buf_add_text(&again, "\n", NULL) == QP_OK);
    for (size_t i = 0; i < note.line_count; i++) {
        HOLDS(qp_buf_add_text(&again, "\u2014 ", NULL) == QP_OK);
        HOLDS(qp_buf_add(&again, note.lines[i].name, NULL) == QP_OK);
        HOLDS(qp_buf_add_text(&again, " ", NULL) == QP_OK);
        HOLDS(qp_buf_add(&again, note.lines[i].base64, NULL) == QP_OK);
        HOLDS(qp_buf_add_text(&again, "\n", NULL) == QP_OK);
    }
    holds_same(qp_span_buf(&again), in);
    struct qp_checkpoint checkpoint;
    /* An origin that is no key name may be read, but is never written. */
    if (qp_checkpoint_parse(note.text, &checkpoint, NULL) == QP_OK &&
        qp_key_name_check(qp_span_text(checkpoint.origin), NULL) == QP_OK) {
        again.len = 0;
        HOLDS(qp_checkpoint_format(&checkpoint, &again, NULL) == QP_OK);
        holds_same(qp_span_buf(&again), note.text);
    }
    qp_buf_wipe(&again);
}

static void holds_vkey(struct qp_span in)
{
    struct qp_vkey vkey;
    char text[QP_VKEY_TEXT_BYTES];
    const uint8_t *end = in.len > 0 ? memchr(in.data, '\n', in.len) : NULL;
    struct qp_span line = end != NULL ? qp_span_of(in.data, (size_t)(end - in.data)) : in;
    if (qp_vkey_parse(line, &vkey, NULL) == QP_OK) {
        qp_vkey_format(&vkey, text);
        holds_same(qp_span_text(text), line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HOLDS(qp_init(NULL) == QP_OK);
    holds_note(qp_span_of(data, size));
    holds_vkey(qp_span_of(data, size));
    return 0;
}
