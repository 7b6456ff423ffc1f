/* Peru from outside: boxes, for a first look at whether a plot can be where it is said to be. */
#ifndef QP_SURVEY_PERU_H
#define QP_SURVEY_PERU_H

#include <quipu/geo.h>

/* Around the country, its islands included. */
struct qp_box qp_peru_box(void);
/* Around a department, by its ISO 3166-2 code such as "PE-SAM"; false when there is no such code.
 * 5 to 10 km of room on each side, because the outlines that the boxes come from are simplified. */
bool qp_peru_region_box(const char *code, struct qp_box *box);
bool qp_box_holds(const struct qp_box *box, struct qp_point point);

#endif
