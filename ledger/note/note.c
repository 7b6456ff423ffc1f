#include <quipu/note.h>

#include "core/check.h"
#include "note/lines.h"
#include "note/note_priv.h"

#include <inttypes.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* em dash, space */
#define KEY_ID_BYTES 4

enum qp_code qp_note_text_check(struct qp_span text, struct qp_err *err)
{
    if (text.len == 0 || text.len > QP_NOTE_BYTES_MAX) {
        return qp_fail(err, QP_E_INPUT, "a note has 1 to %d bytes; this one has %zu",
                       QP_NOTE_BYTES_MAX, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 && text.data[i] != '\n') {
            return qp_fail_at(err, QP_E_INPUT, i,
                              "a note has no control characters, but byte %zu is 0x%02x; was it "
                              "saved with other line ends?",
                              i, text.data[i]);
        }
    }
    if (!qp_utf8_check(text)) {
        return qp_fail(err, QP_E_INPUT, "a note must be UTF-8");
    }
    if (text.data[text.len - 1] != '\n') {
        return qp_fail(err, QP_E_INPUT, "a note must end with a line end; was it cut short?");
    }
    return QP_OK;
}

/* ---- Taking apart ---- */

/* Length of the text: up to and with the LF before the last empty line. 0 when there is none. */
static size_t text_len(struct qp_span bytes)
{
    for (size_t at = bytes.len; at >= 2; at--) {
        if (bytes.data[at - 1] == '\n' && bytes.data[at - 2] == '\n') {
            return at - 1;
        }
    }
    return 0;
}

static enum qp_code parse_line(struct qp_span line, struct qp_note_line *out, struct qp_err *err)
{
    struct qp_buf payload = {0};
    struct qp_span rest = line;
    if (!qp_prefix_take(&rest, DASH)) {
        return qp_fail(err, QP_E_INPUT,
                       "a line behind the note's text does not begin with a dash and a space");
    }
    const uint8_t *space = rest.len == 0 ? NULL : memchr(rest.data, ' ', rest.len);
    if (space == NULL) {
        return qp_fail(err, QP_E_INPUT, "a signature line of the note has no signature");
    }
    struct qp_span name = qp_span_of(rest.data, (size_t)(space - rest.data));
    struct qp_span base64 = qp_span_of(space + 1, rest.len - name.len - 1);
    enum qp_code rc = qp_key_name_check(name, err);
    if (rc == QP_OK) {
        rc = qp_base64_decode(&payload, base64, err);
    }
    if (rc == QP_OK && payload.len <= KEY_ID_BYTES) {
        rc = qp_fail(err, QP_E_INPUT, "a signature of the note has only %zu bytes", payload.len);
    }
    if (rc == QP_OK) {
        *out = (struct qp_note_line){name, qp_load_be32(payload.data), base64};
    }
    qp_buf_wipe(&payload);
    return rc;
}

enum qp_code qp_note_parse(struct qp_span bytes, struct qp_note *note, struct qp_err *err)
{
    enum qp_code rc = qp_note_text_check(bytes, err);
    if (rc != QP_OK) {
        return rc;
    }
    size_t len = text_len(bytes);
    if (len == 0 || len + 1 == bytes.len) {
        return qp_fail(err, QP_E_INPUT,
                       "not a signed note: no empty line with signature lines behind it");
    }
    struct qp_span rest = qp_span_of(bytes.data + len + 1, bytes.len - len - 1);
    struct qp_span line;
    size_t count = 0;
    struct qp_note_line lines[QP_NOTE_SIGNATURES_MAX] = {{{NULL, 0}, 0, {NULL, 0}}};
    while (qp_line_take(&rest, &line)) {
        if (count == QP_NOTE_SIGNATURES_MAX) {
            return qp_fail(err, QP_E_INPUT, "a note has at most %d signatures",
                           QP_NOTE_SIGNATURES_MAX);
        }
        rc = parse_line(line, &lines[count], err);
        if (rc != QP_OK) {
            return rc;
        }
        count++;
    }
    note->text = qp_span_of(bytes.data, len);
    note->line_count = count;
    memcpy(note->lines, lines, count * sizeof lines[0]);
    return QP_OK;
}

/* ---- Checking ---- */

static bool same_key(const struct qp_vkey *a, const struct qp_vkey *b)
{
    return a->key_id == b->key_id && strcmp(a->name, b->name) == 0;
}

static enum qp_code check_keys(const struct qp_vkey *keys, size_t count, struct qp_err *err)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i && keys[i].name[0] != '\0'; j++) {
            if (same_key(&keys[i], &keys[j])) {
                return qp_fail(err, QP_E_USAGE, "the key %s+%08" PRIx32 " is listed twice",
                               keys[i].name, keys[i].key_id);
            }
        }
    }
    return QP_OK;
}

static enum qp_code not_by(const struct qp_vkey *key, const char *why, struct qp_err *err)
{
    return qp_fail(err, QP_E_INVALID,
                   "the note's signature by %s+%08" PRIx32
                   " %s; the note is not to be believed in any part",
                   key->name, key->key_id, why);
}

/* One line that bears the name and id of a key that we know. */
static enum qp_code check_line(const struct qp_note *note, const struct qp_note_line *line,
                               const struct qp_vkey *key, struct qp_note_verdict *verdict,
                               struct qp_err *err)
{
    uint8_t payload[KEY_ID_BYTES + QP_COSIGNATURE_BYTES];
    struct qp_signature signature;
    uint64_t time_s = 0;
    size_t len = key->type == QP_VKEY_NOTE ? KEY_ID_BYTES + sizeof signature.bytes : sizeof payload;
    enum qp_code rc = qp_base64_exact(line->base64, payload, len, err);
    if (rc == QP_E_MEMORY) {
        return rc;
    }
    if (rc != QP_OK) {
        return not_by(key, "has the wrong length", err);
    }
    if (key->type == QP_VKEY_NOTE) {
        memcpy(signature.bytes, payload + KEY_ID_BYTES, sizeof signature.bytes);
        rc = qp_verify(&key->key, qp_span_of(NULL, 0), note->text, &signature, err);
    } else {
        rc = qp_cosignature_check(&key->key, note->text, payload + KEY_ID_BYTES, &time_s, err);
    }
    if (rc == QP_E_INVALID) {
        return not_by(key, "does not hold", err);
    }
    if (rc == QP_OK) {
        verdict->verified = true;
        verdict->time_s = time_s > verdict->time_s ? time_s : verdict->time_s;
    }
    return rc;
}

static const struct qp_vkey *find_key(const struct qp_note_line *line, const struct qp_vkey *keys,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].key_id == line->key_id && keys[i].name[0] != '\0' &&
            qp_span_eq(qp_span_text(keys[i].name), line->name)) {
            return &keys[i];
        }
    }
    return NULL;
}

enum qp_code qp_note_check(const struct qp_note *note, const struct qp_vkey *keys, size_t key_count,
                           struct qp_note_verdict *verdicts, struct qp_err *err)
{
    bool any = false;
    for (size_t i = 0; i < key_count; i++) {
        verdicts[i] = (struct qp_note_verdict){0};
    }
    enum qp_code rc = check_keys(keys, key_count, err);
    for (size_t i = 0; rc == QP_OK && i < note->line_count; i++) {
        const struct qp_vkey *key = find_key(&note->lines[i], keys, key_count);
        if (key != NULL) {
            rc = check_line(note, &note->lines[i], key, &verdicts[key - keys], err);
            any = true;
        }
    }
    if (rc == QP_OK && !any) {
        rc = qp_fail(err, QP_E_INVALID, "none of the note's %zu signatures is by a key in the list",
                     note->line_count);
    }
    for (size_t i = 0; rc != QP_OK && i < key_count; i++) {
        verdicts[i] = (struct qp_note_verdict){0};
    }
    return rc;
}

/* ---- Signing ---- */

enum qp_code qp_note_add_line(const struct qp_vkey *vkey, struct qp_span bytes, struct qp_buf *out,
                              struct qp_err *err)
{
    uint8_t payload[KEY_ID_BYTES + QP_COSIGNATURE_BYTES];
    struct qp_buf line = {0};
    QP_ASSERT(bytes.len <= QP_COSIGNATURE_BYTES);
    qp_store_be32(payload, vkey->key_id);
    memcpy(payload + KEY_ID_BYTES, bytes.data, bytes.len);
    enum qp_code rc = qp_buf_addf(&line, err, DASH "%s ", vkey->name);
    if (rc == QP_OK) {
        rc = qp_base64_line(&line, payload, KEY_ID_BYTES + bytes.len, err);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(out, qp_span_buf(&line), err);
    }
    qp_buf_wipe(&line);
    return rc;
}

enum qp_code qp_note_sign_line(struct qp_span text, const struct qp_key *key, struct qp_span name,
                               struct qp_buf *out, struct qp_err *err)
{
    struct qp_public_key public_key;
    struct qp_vkey vkey = {.type = QP_VKEY_NOTE};
    struct qp_signature signature;
    qp_key_public(key, &public_key);
    enum qp_code rc = qp_note_text_check(text, err);
    if (rc == QP_OK) {
        rc = qp_vkey_init(&vkey, name, QP_VKEY_NOTE, &public_key, err);
    }
    if (rc == QP_OK) {
        rc = qp_sign(key, qp_span_of(NULL, 0), text, &signature, err);
    }
    return rc == QP_OK ? qp_note_add_line(
                             &vkey, qp_span_of(signature.bytes, sizeof signature.bytes), out, err)
                       : rc;
}

enum qp_code qp_note_sign(struct qp_span text, const struct qp_key *key, struct qp_span name,
                          struct qp_buf *out, struct qp_err *err)
{
    struct qp_buf note = {0};
    enum qp_code rc = qp_buf_add(&note, text, err);
    if (rc == QP_OK) {
        rc = qp_buf_add_text(&note, "\n", err);
    }
    if (rc == QP_OK) {
        rc = qp_note_sign_line(text, key, name, &note, err);
    }
    if (rc == QP_OK && note.len > QP_NOTE_BYTES_MAX) {
        rc = qp_fail(err, QP_E_INPUT, "a note has at most %d bytes; this one would have %zu",
                     QP_NOTE_BYTES_MAX, note.len);
    }
    if (rc == QP_OK) {
        rc = qp_buf_add(out, qp_span_buf(&note), err);
    }
    qp_buf_wipe(&note);
    return rc;
}
