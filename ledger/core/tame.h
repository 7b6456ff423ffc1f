/* Text that was put together from anybody's, before it is kept as a message. */
#ifndef QP_CORE_TAME_H
#define QP_CORE_TAME_H

#include <stddef.h>

/* As qp_escape_terminal, into a fixed room and without memory of its own: cut, on the border of a
 * character, where it does not fit. ASCII controls become '?'. */
void qp_text_tame(char *out, size_t room, const char *text);

#endif
