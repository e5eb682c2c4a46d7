/* The library looks for a stop request after every load and store, which nearly halves their speed. A private flag
 * of its handle, meant for other processors, leaves that out: then a stop asked for inside a block takes effect at
 * the next block, which is where all stops of the fast engine are.
 *
 * The flag's place is found by what lies before it and checked by behaviour (stop_check_verify()); without it the
 * engine works the same, only slower. */
#include <stdlib.h>
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

#define DEVICE 0x10000
#define MEMORY_BYTES 0x1000

static uint64_t stop_in_access(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    (void)offset, (void)size, (void)user;
    unicorn.emu_stop(uc);
    return 0;
}

/* Runs a load whose device asks for a stop, then the end of its block. Returns PC, or NEVER. */
static uint64_t stopped_at(const struct layout *layout, uint8_t *memory, uint64_t offset)
{
    const uint32_t code[] = {
        0x3CA00001, /* lis 5, DEVICE >> 16 */
        0x80C50000, /* lwz 6, 0(5) */
        0x60000000, /* nop */
        0x48000004, /* b .+4 */
        0x48000000, /* b . */
    };
    uc_engine *uc = NULL;
    uint64_t pc = NEVER;
    for (unsigned i = 0; i < sizeof code; i++)
        memory[i] = (uint8_t)(code[i / 4] >> (24 - i % 4 * 8));
    if (!unicorn_open_ppc64(&uc) && !unicorn.mem_map_ptr(uc, 0, MEMORY_BYTES, UC_PROT_ALL, memory) &&
        !unicorn.mmio_map(uc, DEVICE, 0x1000, stop_in_access, NULL, NULL, NULL)) {
        enter_bare_metal(uc, layout);
        if (offset)
            stop_check_off(uc, offset);
        unicorn.emu_start(uc, 0, 0, 0, 0);
        unicorn.reg_read(uc, UC_PPC_REG_PC, &pc);
    }
    if (uc)
        unicorn.close(uc);
    return pc;
}

bool stop_check_verify(const struct layout *layout, uint64_t offset)
{
    uint8_t *memory = aligned_alloc(MEMORY_BYTES, MEMORY_BYTES);
    bool right = memory && offset && stopped_at(layout, memory, 0) == 4 &&
                 stopped_at(layout, memory, offset) == 16;
    free(memory);
    return right;
}
