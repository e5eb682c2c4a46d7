/* Where the library keeps the CPU's registers in a saved context.
 *
 * The layout is private and parts of a context are uninitialised, so nothing is assumed: registers get
 * distinctive values, and over several rounds only the words survive that always hold what was written. Exactly
 * one must be left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define STUB_BYTES 0x10000
#define ROUNDS 4

struct probe {
    uc_engine *uc;
    uc_context *context;
    uint64_t words;
    uint32_t code[16];
    uint8_t *memory;
};

/* The words (of `width` bytes) that held the expected value in every round so far. */
struct search {
    uint8_t *alive;
    uint64_t count, width;
};

static uint64_t distinctive(uint64_t round, uint64_t slot)
{
    uint64_t x = (round * 64 + slot + 1) * 0x9E3779B97F4A7C15ull;
    x ^= x >> 31;
    return x * 0xBF58476D1CE4E5B9ull & ~3ull; /* a multiple of 4, so that it can be an address too */
}

static bool search_open(struct search *search, const struct probe *probe, uint64_t width)
{
    search->width = width;
    search->count = probe->words * 8 / width;
    search->alive = malloc(search->count);
    if (!search->alive)
        return false;
    memset(search->alive, 1, search->count);
    memset(search->alive, 0, HEADER_BYTES / width);
    return true;
}

static void search_narrow(struct search *search, const struct probe *probe, uint64_t expected)
{
    for (uint64_t i = HEADER_BYTES / search->width; i < search->count; i++) {
        uint64_t value = 0;
        if (!search->alive[i])
            continue;
        memcpy(&value, (const uint8_t *)probe->context + i * search->width, search->width);
        if (value != expected)
            search->alive[i] = 0;
    }
}

/* Byte offset of the only survivor below `limit` (0 = anywhere), or 0 when there is not exactly one. */
static uint64_t search_close(struct search *search, uint64_t limit)
{
    uint64_t found = 0, hits = 0;
    for (uint64_t i = 0; i < search->count; i++)
        if (search->alive[i] && (!limit || i * search->width < limit)) {
            found = i * search->width;
            hits++;
        }
    free(search->alive);
    return hits == 1 ? found : 0;
}

/* A register that the register API writes. */
static uint64_t find_register(struct probe *probe, int id)
{
    struct search search;
    if (!search_open(&search, probe, 8))
        return 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t value = distinctive(round, (uint64_t)id);
        unicorn.reg_write(probe->uc, id, &value);
        unicorn.context_save(probe->uc, probe->context);
        search_narrow(&search, probe, value);
    }
    return search_close(&search, 0);
}

/* A register of which only some bits can be written: what reads back counts. */
static uint64_t find_by_patterns(struct probe *probe, int id, const uint64_t *patterns, unsigned count)
{
    struct search search;
    if (!search_open(&search, probe, 8))
        return 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = patterns[i];
        unicorn.reg_write(probe->uc, id, &value);
        value = 0;
        unicorn.reg_read(probe->uc, id, &value);
        unicorn.context_save(probe->uc, probe->context);
        search_narrow(&search, probe, value);
    }
    return search_close(&search, 0);
}

static uint64_t find_condition_fields(struct probe *probe)
{
    struct search search;
    if (!search_open(&search, probe, 8))
        return 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint32_t value = 0x12000000u + (uint32_t)round * 0x35000000u;
        unicorn.reg_write(probe->uc, UC_PPC_REG_CR, &value);
        unicorn.context_save(probe->uc, probe->context);
        search_narrow(&search, probe, (uint64_t)(value >> 24 & 15) << 32 | value >> 28);
    }
    return search_close(&search, 0);
}

/* Runs instructions of the stub from address 0 in real mode; the last is `b .` or traps. */
static void run_stub(struct probe *probe, unsigned count, size_t steps)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned byte = 0; byte < 4; byte++)
            probe->memory[4 * i + byte] = (uint8_t)(probe->code[i] >> (24 - 8 * byte));
    unicorn_flush_code(probe->uc);
    unicorn.emu_start(probe->uc, 0, 0, 0, steps);
}

static uint32_t mtspr(unsigned spr, unsigned gpr)
{
    return 0x7C0003A6u | gpr << 21 | (spr & 31) << 16 | (spr >> 5) << 11;
}

static uint64_t find_sprs(struct probe *probe)
{
    const unsigned sprs[] = {272, 273, 274, SPR_SRR0, SPR_DAR};
    const unsigned count = sizeof sprs / sizeof *sprs;
    uint64_t values[sizeof sprs / sizeof *sprs];
    for (unsigned i = 0; i < count; i++) {
        values[i] = distinctive(9, i);
        unicorn.reg_write(probe->uc, UC_PPC_REG_0 + 4 + (int)i, &values[i]);
        probe->code[i] = mtspr(sprs[i], 4 + i);
    }
    run_stub(probe, count, count);
    unicorn.context_save(probe->uc, probe->context);
    const uint64_t *words = (const uint64_t *)probe->context;
    uint64_t found = 0, hits = 0;
    for (uint64_t base = HEADER_BYTES / 8; base + 1024 <= probe->words; base++) {
        unsigned equal = 0;
        while (equal < count && words[base + sprs[equal]] == values[equal])
            equal++;
        if (equal == count) {
            found = base * 8;
            hits++;
        }
    }
    return hits == 1 ? found : 0;
}

/* One bit of XER, which the library keeps in a word of its own. `code` is a pattern over the rounds. */
static bool find_xer_bits(struct probe *probe, struct layout *layout)
{
    const unsigned bits[] = {31, 30, 29, 19, 18};
    uint64_t *const fields[] = {&layout->so, &layout->ov, &layout->ca, &layout->ov32, &layout->ca32};
    const unsigned codes[] = {0xB2, 0xD4, 0x59, 0x8E, 0x63};
    struct search search[5];
    for (unsigned i = 0; i < 5; i++)
        if (!search_open(&search[i], probe, 8))
            return false;
    for (unsigned round = 0; round < 8; round++) {
        uint64_t xer = 0;
        for (unsigned i = 0; i < 5; i++)
            xer |= (uint64_t)(codes[i] >> round & 1) << bits[i];
        unicorn.reg_write(probe->uc, UC_PPC_REG_0 + 4, &xer);
        probe->code[0] = mtspr(1, 4);
        run_stub(probe, 1, 1);
        unicorn.context_save(probe->uc, probe->context);
        for (unsigned i = 0; i < 5; i++)
            search_narrow(&search[i], probe, codes[i] >> round & 1);
    }
    bool all = true;
    for (unsigned i = 0; i < 5; i++) {
        *fields[i] = search_close(&search[i], layout->msr);
        all = all && *fields[i];
    }
    return all;
}

static void save_and_stop(uc_engine *uc, uint32_t index, void *user)
{
    struct probe *probe = user;
    (void)index;
    unicorn.context_save(uc, probe->context);
    unicorn.emu_stop(uc);
}

static uint64_t find_error_code(struct probe *probe)
{
    const uint32_t levels[] = {0, 1, 2, 127, 77, 5};
    struct search search;
    uc_hook hook;
    if (!search_open(&search, probe, 4))
        return 0;
    unicorn.hook_add(probe->uc, &hook, UC_HOOK_INTR, (void *)save_and_stop, probe, 1, 0);
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        probe->code[0] = 0x44000002u | levels[i] << 5;
        run_stub(probe, 1, 0);
        search_narrow(&search, probe, levels[i]);
    }
    probe->code[0] = 0x7FE00008u; /* trap */
    run_stub(probe, 1, 0);
    search_narrow(&search, probe, 0x40);
    return search_close(&search, 0);
}

void enter_bare_metal(uc_engine *uc, const struct layout *layout)
{
    uc_context *context;
    uint64_t msr = MSR_SF | MSR_ME;
    if (unicorn.context_alloc(uc, &context))
        return; /* what follows then fails its check */
    unicorn.context_save(uc, context);
    *context_word(context, layout->msr) = msr | MSR_HV;
    unicorn.context_restore(uc, context);
    unicorn.reg_write(uc, UC_PPC_REG_MSR, &msr);
    unicorn.context_free(context);
}

static const char *measure(struct probe *probe, struct layout *layout)
{
    const uint64_t msr[] = {MSR_SF | MSR_RI, MSR_SF | MSR_ME, MSR_SF | MSR_RI | MSR_ME, MSR_SF,
                            MSR_SF | MSR_EE | MSR_RI, MSR_SF | MSR_EE, MSR_SF | MSR_EE | MSR_ME};
    const uint64_t fpscr[] = {0x81, 0x42, 0x23, 0x10, 0x48, 0x51, 0x33, 0xA8};
    layout->size = unicorn.context_size(probe->uc);
    if (!(layout->gpr = find_register(probe, UC_PPC_REG_0)) ||
        find_register(probe, UC_PPC_REG_31) != layout->gpr + 8 * 31)
        return "general registers";
    if (!(layout->lr = find_register(probe, UC_PPC_REG_LR)))
        return "LR";
    if (!(layout->ctr = find_register(probe, UC_PPC_REG_CTR)))
        return "CTR";
    if (!(layout->nip = find_register(probe, UC_PPC_REG_PC)))
        return "NIP";
    if (!(layout->crf = find_condition_fields(probe)))
        return "CR";
    uint64_t fpr0 = find_register(probe, UC_PPC_REG_FPR0);
    if (!fpr0 || find_register(probe, UC_PPC_REG_FPR0 + 1) != fpr0 + 16)
        return "floating-point registers";
    layout->vsr = fpr0 - 8; /* doubleword 0 is the upper half of a little-endian host's 16 bytes */
    if (!(layout->fpscr = find_by_patterns(probe, UC_PPC_REG_FPSCR, fpscr, sizeof fpscr / sizeof *fpscr)))
        return "FPSCR";
    if (!(layout->msr = find_by_patterns(probe, UC_PPC_REG_MSR, msr, sizeof msr / sizeof *msr)))
        return "MSR";
    enter_bare_metal(probe->uc, layout);
    if (!(layout->spr = find_sprs(probe)))
        return "special-purpose registers";
    if (!find_xer_bits(probe, layout))
        return "XER";
    if (!(layout->error_code = find_error_code(probe)))
        return "error code";
    /* The reservation's three words are found by their place, and short contexts need the order. */
    bool expected = layout->msr == layout->ca32 + 4 * 8 && layout->gpr < layout->lr && layout->lr < layout->so &&
                    layout->msr < layout->nip && layout->nip < layout->spr && layout->spr < layout->vsr;
    return expected ? NULL : "order of registers";
}

int engine_calibrate(struct layout *layout, char *error)
{
    struct probe probe = {0};
    const char *missing = "memory";
    probe.memory = aligned_alloc(0x1000, STUB_BYTES);
    if (probe.memory && !unicorn_open_ppc64(&probe.uc) &&
        !unicorn.mem_map_ptr(probe.uc, 0, STUB_BYTES, UC_PROT_ALL, probe.memory) &&
        !unicorn.context_alloc(probe.uc, &probe.context)) {
        memset(probe.memory, 0, STUB_BYTES);
        probe.words = unicorn.context_size(probe.uc) / 8;
        missing = measure(&probe, layout);
        layout->stop_check = missing ? 0 : stop_check_find(probe.uc);
        if (!missing && !stop_check_verify(layout, layout->stop_check))
            layout->stop_check = 0;
        layout->inline_count = inline_count_known();
    }
    if (probe.context)
        unicorn.context_free(probe.context);
    if (probe.uc)
        unicorn.close(probe.uc);
    free(probe.memory);
    if (missing)
        snprintf(error, 200, "the registers of the CPU cannot be located: %s", missing);
    return missing != NULL;
}
