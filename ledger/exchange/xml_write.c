#include "exchange/xml_write.h"

#include "core/check.h"

#include <string.h>

void qp_xml_begin(struct qp_xml *xml, struct qp_buf *out, struct qp_err *err)
{
    *xml = (struct qp_xml){.out = out, .err = err, .code = QP_OK};
    xml->code = qp_buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", err);
}

static void put(struct qp_xml *xml, const char *text)
{
    if (xml->code == QP_OK) {
        xml->code = qp_buf_add_text(xml->out, text, xml->err);
    }
}

static void indent(struct qp_xml *xml)
{
    for (unsigned i = 0; i < xml->depth; i++) {
        put(xml, "  ");
    }
}

static void put_tag(struct qp_xml *xml, const char *before, const char *name, const char *after)
{
    put(xml, before);
    put(xml, name);
    put(xml, after);
}

/* XML knows tab, line feed and carriage return below space, and not U+FFFE and U+FFFF. */
static bool is_text(const char *text)
{
    if (!qp_utf8_check(qp_span_text(text))) {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
            strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0) {
            return false;
        }
    }
    return true;
}

static void put_escaped(struct qp_xml *xml, const char *text)
{
    if (xml->code == QP_OK && !is_text(text)) {
        xml->code = qp_fail(xml->err, QP_E_USAGE, "a text that XML cannot hold");
    }
    for (const char *at = text; *at != '\0' && xml->code == QP_OK; at++) {
        const char *entity = *at == '&'    ? "&amp;"
                             : *at == '<'  ? "&lt;"
                             : *at == '>'  ? "&gt;"
                             : *at == '\r' ? "&#13;"
                                           : NULL;
        xml->code = entity != NULL ? qp_buf_add_text(xml->out, entity, xml->err)
                                   : qp_buf_add(xml->out, qp_span_of(at, 1), xml->err);
    }
}

void qp_xml_open(struct qp_xml *xml, const char *name, const char *attributes)
{
    indent(xml);
    put_tag(xml, "<", name, attributes);
    put(xml, ">\n");
    xml->depth++;
}

void qp_xml_close(struct qp_xml *xml, const char *name)
{
    QP_ASSERT(xml->depth > 0);
    xml->depth--;
    indent(xml);
    put_tag(xml, "</", name, ">\n");
}

void qp_xml_text(struct qp_xml *xml, const char *name, const char *text)
{
    if (text != NULL) {
        indent(xml);
        put_tag(xml, "<", name, ">");
        put_escaped(xml, text);
        put_tag(xml, "</", name, ">\n");
    }
}

void qp_xml_base64(struct qp_xml *xml, const char *name, struct qp_span bytes)
{
    indent(xml);
    put_tag(xml, "<", name, ">");
    if (xml->code == QP_OK) {
        xml->code = qp_base64_encode(xml->out, bytes, xml->err);
    }
    put_tag(xml, "</", name, ">\n");
}

void qp_xml_comment(struct qp_xml *xml, const char *text)
{
    indent(xml);
    put(xml, "<!-- ");
    if (xml->code == QP_OK && !is_text(text)) {
        xml->code = qp_fail(xml->err, QP_E_USAGE, "a comment that XML cannot hold");
    }
    for (const char *at = text; *at != '\0' && xml->code == QP_OK; at++) {
        xml->code = qp_buf_add(xml->out, qp_span_of(at, 1), xml->err);
        if (at[0] == '-' && at[1] == '-') {
            put(xml, " ");
        }
    }
    put(xml, " -->\n");
}
