/* Writing XML 1.0, indented by two spaces: elements, text, comments. Small on purpose: a statement
 * for TRACES has three dozen kinds of elements, no attributes but namespaces, and tens of megabytes
 * of base64, which go into the buffer at once. A library would be a dependency for one page. */
#ifndef QP_EXCHANGE_XML_WRITE_H
#define QP_EXCHANGE_XML_WRITE_H

#include <quipu/bytes.h>

struct qp_xml {
    struct qp_buf *out; /* borrowed */
    unsigned depth;
    struct qp_err *err;
    enum qp_code code; /* the first failure; all after it does nothing */
};

/* Everything below goes on after a failure without doing anything: ask xml->code at the end.
 * QP_E_MEMORY; QP_E_USAGE (text that is not UTF-8, or has a character that XML does not know). */
void qp_xml_begin(struct qp_xml *xml, struct qp_buf *out, struct qp_err *err);
/* attributes: written as they are behind the name, with a space in front; "" for none. */
void qp_xml_open(struct qp_xml *xml, const char *name, const char *attributes);
void qp_xml_close(struct qp_xml *xml, const char *name);
/* An element with text. Nothing when text is NULL. */
void qp_xml_text(struct qp_xml *xml, const char *name, const char *text);
void qp_xml_base64(struct qp_xml *xml, const char *name, struct qp_span bytes);
/* "--", which a comment may not hold, is written as "- -". */
void qp_xml_comment(struct qp_xml *xml, const char *text);

#endif
