/* An index of boxes: which of many meet one. */
#include "survey/survey_priv.h"

#include "core/check.h"

#include <stdlib.h>

struct boxed {
    GEOSGeometry *shape;
    uint32_t id;
};

struct qp_boxes {
    const struct qp_geos *geos;
    GEOSSTRtree *tree;
    struct boxed *list; /* never moved: the tree points into it */
    size_t count;
    size_t capacity;
    uint32_t *found; /* of one query */
    size_t found_count;
    size_t found_capacity;
    bool failed;
};

enum qp_code qp_boxes_new(const struct qp_geos *geos, size_t capacity, struct qp_boxes **boxes,
                          struct qp_err *err)
{
    struct qp_boxes *made = qp_alloc_zero(1, sizeof *made);
    if (made == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for an index");
    }
    *made = (struct qp_boxes){.geos = geos, .capacity = capacity};
    made->list = qp_alloc_zero(capacity + 1, sizeof *made->list);
    made->tree = GEOSSTRtree_create_r(geos->handle, 10);
    if (made->list == NULL || made->tree == NULL) {
        qp_boxes_free(made);
        return qp_fail(err, QP_E_MEMORY, "no memory for an index");
    }
    *boxes = made;
    return QP_OK;
}

void qp_boxes_free(struct qp_boxes *boxes)
{
    if (boxes == NULL) {
        return;
    }
    for (size_t i = 0; i < boxes->count; i++) {
        GEOSGeom_destroy_r(boxes->geos->handle, boxes->list[i].shape);
    }
    if (boxes->tree != NULL) {
        GEOSSTRtree_destroy_r(boxes->geos->handle, boxes->tree);
    }
    qp_free(boxes->list);
    qp_free(boxes->found);
    qp_free(boxes);
}

enum qp_code qp_boxes_add(struct qp_boxes *boxes, const struct qp_box *box, uint32_t id,
                          struct qp_err *err)
{
    QP_ASSERT(boxes->count < boxes->capacity);
    struct boxed *one = &boxes->list[boxes->count];
    *one = (struct boxed){.shape = qp_geos_box(boxes->geos, box), .id = id};
    if (one->shape == NULL) {
        return qp_geos_fail(boxes->geos, err);
    }
    GEOSSTRtree_insert_r(boxes->geos->handle, boxes->tree, one->shape, one);
    boxes->count++;
    return QP_OK;
}

static void note_found(void *item, void *context)
{
    struct qp_boxes *boxes = context;
    const struct boxed *one = item;
    if (boxes->failed || qp_survey_grow((void **)&boxes->found, &boxes->found_capacity,
                                        boxes->found_count, sizeof *boxes->found, NULL) != QP_OK) {
        boxes->failed = true; /* a callback of GEOS cannot fail */
        return;
    }
    boxes->found[boxes->found_count++] = one->id;
}

static int by_id(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

enum qp_code qp_boxes_find(struct qp_boxes *boxes, const struct qp_box *box, const uint32_t **ids,
                           size_t *count, struct qp_err *err)
{
    GEOSGeometry *shape = qp_geos_box(boxes->geos, box);
    if (shape == NULL) {
        return qp_geos_fail(boxes->geos, err);
    }
    boxes->found_count = 0;
    GEOSSTRtree_query_r(boxes->geos->handle, boxes->tree, shape, note_found, boxes);
    GEOSGeom_destroy_r(boxes->geos->handle, shape);
    if (boxes->failed) {
        return qp_fail(err, QP_E_MEMORY, "no memory for what an index found");
    }
    if (boxes->found_count > 1) {
        qsort(boxes->found, boxes->found_count, sizeof *boxes->found, by_id);
    }
    *ids = boxes->found;
    *count = boxes->found_count;
    return QP_OK;
}
