/* Any message of the format, chosen by the first byte: sealed contents, records of the state, and
 * the parts that other messages are made of. */
#include "fuzz/fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    while (qp_rules_all[count] != NULL) {
        count++;
    }
    return size == 0 ? 0 : fuzz_wire(qp_rules_all[data[0] % count], data + 1, size - 1);
}
