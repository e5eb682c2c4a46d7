/* The library looks for a stop request after every load and store, which nearly halves their speed. A private flag
 * of its handle, meant for other processors, leaves that out: then a stop asked for inside a block takes effect at
 * the next block, which is where all stops of the fast engine are.
 *
 * The flag's place is found by what lies before it and checked by behaviour (stop_check_verify()); without it the
 * engine works the same, only slower. */
#include <string.h>

#include "machine.h"

#define SEARCH_BYTES 4096 /* the handle is larger: its jump buffers alone take more */

/* What lies in the handle from the size of a context on. */
struct neighbours {
    int32_t cache_line;
    int32_t context_content;
    int32_t context_bytes;
    int32_t padding;
    uint64_t next_pc;
    uint8_t hook_insert;
    uint8_t first_block;
    uint8_t no_stop_check;
    uint8_t init_done;
};

uint64_t stop_check_find(uc_engine *uc)
{
    int32_t context_bytes = (int32_t)(unicorn.context_size(uc) - HEADER_BYTES);
    uint64_t found = 0, hits = 0;
    for (uint64_t offset = 0; offset + sizeof(struct neighbours) <= SEARCH_BYTES; offset += 8) {
        struct neighbours candidate;
        memcpy(&candidate, (const uint8_t *)uc + offset, sizeof candidate);
        if (candidate.context_bytes == context_bytes && candidate.context_content == 1 &&
            !candidate.hook_insert && candidate.first_block <= 1 && !candidate.no_stop_check &&
            candidate.init_done == 1) {
            found = offset + offsetof(struct neighbours, no_stop_check);
            hits++;
        }
    }
    return hits == 1 ? found : 0;
}

void stop_check_off(uc_engine *uc, uint64_t offset)
{
    ((uint8_t *)uc)[offset] = 1;
}
