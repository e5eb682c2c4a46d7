/* The fast path of block_hook(), written into the library's translations.
 *
 * A translated block begins with a call of its hook and one of the library's look for a stop: 23 instructions of the
 * host, with those of the two functions. When a block runs for the first time, its hook finds that code before its
 * return address and puts its own fast path there, seven instructions, as many as QEMU counts with:
 *
 *        mov $pc, %rbx
 *        mov %rbx, nip(%rbp)         as it was
 *        mov $cpu, %rcx
 *        mov %rbx, block(%rcx)
 *        movl $bytes, block_bytes(%rcx)
 *        subq $bytes, fuel(%rcx)
 *        jns 1f
 *        call block_low              where the hook was called
 *        mov $uc, %rdi               as it was: the look for a stop
 *        xor %esi, %esi
 *        call helper_check_exit_request
 *     1:
 *
 * The look may be left out while there is fuel: a stop is asked for in hooks of this engine only, and those that rely
 * on the next block to look take the fuel away as well (refuse() in devices.c); after an exception the library looks
 * by itself.
 *
 * Nothing is assumed about the library's code. It is written over only where every byte is the expected one, operands
 * included, and the look is left out only where its function is known to do nothing else. A block that differs, or has
 * no room, keeps its calls, which do the same. */
#include "machine.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

/* Registers, as instructions number them. */
enum host_register { RCX = 1, RDX = 2, RBX = 3, RSI = 6, RDI = 7 };

#define SHORT_MAX 127 /* of an operand of one byte */

_Static_assert(offsetof(struct cpu, block) <= SHORT_MAX && offsetof(struct cpu, block_bytes) <= SHORT_MAX &&
                   offsetof(struct cpu, fuel) <= SHORT_MAX,
               "what each block counts with is reached by a short offset");

/* A few instructions of the host in the making. */
struct code {
    uint8_t bytes[64];
    size_t size;
};

static void put(struct code *code, const void *bytes, size_t size)
{
    memcpy(code->bytes + code->size, bytes, size);
    code->size += size;
}

static void put_byte(struct code *code, size_t byte)
{
    put(code, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_word(struct code *code, uint32_t word)
{
    put(code, &word, sizeof word);
}

static bool is_near(const uint8_t *from, uint64_t to)
{
    int64_t distance = (int64_t)(to - (uint64_t)from);
    return distance == (int32_t)distance;
}

/* `mov $value, register` in the way of the library: the shortest that there is for code at `place`. */
static void put_load(struct code *code, const uint8_t *place, enum host_register reg, uint64_t value)
{
    const uint8_t *end = place + 7;
    if (value == (uint32_t)value) {
        put_byte(code, 0xB8u + reg);
        put_word(code, (uint32_t)value);
    } else if (value == (uint64_t)(int32_t)value) {
        put(code, (uint8_t[]){0x48, 0xC7, (uint8_t)(0xC0 + reg)}, 3);
        put_word(code, (uint32_t)value);
    } else if (is_near(end, value)) {
        put(code, (uint8_t[]){0x48, 0x8D, (uint8_t)(0x05 + 8 * reg)}, 3);
        put_word(code, (uint32_t)(value - (uint64_t)end));
    } else {
        put(code, (uint8_t[]){0x48, (uint8_t)(0xB8 + reg)}, 2);
        put(code, &value, sizeof value);
    }
}

/* Does that instruction end right before `end`? Returns its start, or NULL. */
static const uint8_t *load_before(const uint8_t *end, enum host_register reg, uint64_t value)
{
    for (size_t size = 5; end && size <= 10; size++) {
        struct code load = {.size = 0};
        put_load(&load, end - size, reg, value);
        if (load.size == size && !memcmp(end - size, load.bytes, size))
            return end - size;
    }
    return NULL;
}

/* `mov $pc, nip(%rbp)`, which keeps PC up to date for the hook: by way of %rbx, or at once where `pc` is short. */
static void put_pc(struct code *code, const struct cpu *cpu, const uint8_t *place, uint64_t pc, bool at_once)
{
    if (!at_once)
        put_load(code, place, RBX, pc);
    put(code, at_once ? (uint8_t[]){0x48, 0xC7, 0x85} : (uint8_t[]){0x48, 0x89, 0x9D}, 3);
    put_word(code, (uint32_t)(cpu->machine->layout.nip - HEADER_BYTES));
    if (at_once)
        put_word(code, (uint32_t)pc);
}

/* Do those instructions end right before `end`? Returns their start, or NULL. */
static const uint8_t *pc_before(const struct cpu *cpu, const uint8_t *end, uint64_t pc)
{
    for (size_t size = 11; end && size <= 17; size++) {
        struct code store = {.size = 0};
        put_pc(&store, cpu, end - size, pc, pc == (uint64_t)(int32_t)pc);
        if (store.size == size && !memcmp(end - size, store.bytes, size))
            return end - size;
    }
    return NULL;
}

/* A call of a function by the library: by its distance, or where that is too great by a word of its address. */
struct call {
    uint8_t *start;
    uint8_t *end;
    const uint8_t *target;
    bool by_word;
};

static int32_t distance_before(const uint8_t *end)
{
    int32_t distance;
    memcpy(&distance, end - sizeof distance, sizeof distance);
    return distance;
}

static struct call near_call(uint8_t *start)
{
    uint8_t *end = start + 5;
    return (struct call){start, end, *start == 0xE8 ? end + distance_before(end) : NULL, false};
}

static struct call far_call(uint8_t *start)
{
    uint8_t *end = start + 6;
    struct call call = {start, end, NULL, true};
    if (start[0] == 0xFF && start[1] == 0x15)
        memcpy(&call.target, end + distance_before(end), sizeof call.target);
    return call;
}

/* The call of the hook that returns to `next`; without a target when it has another form. */
static struct call hook_call(uint8_t *next)
{
    struct call call = near_call(next - 5);
    return call.target == (const uint8_t *)first_block_hook ? call : far_call(next - 6);
}

/* Another function is called from now on. The word belongs to this block alone. */
static void redirect(const struct call *call, void (*function)(void))
{
    uint64_t address = (uint64_t)function;
    int32_t distance = (int32_t)(address - (uint64_t)call->end);
    if (call->by_word)
        memcpy(call->end + distance_before(call->end), &address, sizeof address);
    else
        memcpy(call->end - sizeof distance, &distance, sizeof distance);
}

/* Is this the library's look for a stop, and does it nothing else where there is none? It reads a word that the
 * handle leads to, and returns unless that is negative. */
static bool only_looks(const uint8_t *function)
{
    return !memcmp(function, (uint8_t[]){0x4C, 0x8B, 0x87}, 3)               /* mov ?(%rdi), %r8 */
           && !memcmp(function + 7, (uint8_t[]){0x41, 0x8B, 0x80}, 3)        /* mov ?(%r8), %eax */
           && !memcmp(function + 14, (uint8_t[]){0x85, 0xC0, 0x79, 0x04}, 4) /* test %eax, %eax; jns end */
           && function[22] == 0xC3;                                          /* end: ret */
}

/* Behind the look for a stop that begins at `place`, or `place` where there is none that can be left out. */
static uint8_t *behind_look(uint8_t *place, uint64_t uc)
{
    struct code look = {.size = 0};
    put_load(&look, place, RDI, uc);
    put(&look, (uint8_t[]){0x33, 0xF6}, 2); /* xor %esi, %esi */
    if (memcmp(place, look.bytes, look.size))
        return place;
    struct call call = near_call(place + look.size);
    if (!call.target)
        call = far_call(place + look.size);
    return call.target && only_looks(call.target) ? call.end : place;
}

static void put_count(struct code *code, const struct cpu *cpu, const uint8_t *place, uint64_t pc, uint32_t bytes)
{
    bool is_short = bytes <= SHORT_MAX;
    put_pc(code, cpu, place, pc, false);
    put_load(code, place + code->size, RCX, (uint64_t)cpu);
    put(code, (uint8_t[]){0x48, 0x89, 0x59, offsetof(struct cpu, block)}, 4);
    put(code, (uint8_t[]){0xC7, 0x41, offsetof(struct cpu, block_bytes)}, 3);
    put_word(code, bytes);
    put(code, (uint8_t[]){0x48, is_short ? 0x83 : 0x81, 0x69, offsetof(struct cpu, fuel)}, 4);
    put(code, &bytes, is_short ? 1 : sizeof bytes);
}

/* Where PC and the hook's arguments begin to be set up before `call`, if all is as expected; or NULL. */
static uint8_t *arguments_before(const struct cpu *cpu, uint8_t *call, uint64_t address, uint32_t bytes)
{
    const uint8_t *start = load_before(call, RCX, (uint64_t)cpu);
    start = load_before(start, RDX, bytes);
    start = load_before(start, RSI, address);
    start = load_before(start, RDI, (uint64_t)cpu->blocks);
    start = pc_before(cpu, start, address);
    return start ? call - (call - start) : NULL;
}

/* The count for the block whose hook is called by `call`, before that. False where it cannot be. */
static bool write_count(const struct cpu *cpu, const struct call *call, uint64_t address, uint32_t bytes)
{
    uint8_t *start = arguments_before(cpu, call->start, address, bytes);
    if (!start)
        return false;
    struct code code = {.size = 0};
    put_count(&code, cpu, start, address, bytes);
    uint8_t *done = start + code.size + 2;
    if (done > call->start)
        return false;
    put(&code, (uint8_t[]){0x79, (uint8_t)(behind_look(call->end, (uint64_t)cpu->blocks) - done)}, 2); /* jns */
    while (start + code.size < call->start)
        put_byte(&code, 0x90); /* nop */
    memcpy(start, code.bytes, code.size);
    return true;
}

void first_block_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user)
{
    struct cpu *cpu = user;
    struct call call = hook_call(__builtin_return_address(0));
    bool in_reach = call.by_word || (is_near(call.end, (uint64_t)block_low) && is_near(call.end, (uint64_t)block_hook));
    if (call.target == (const uint8_t *)first_block_hook && in_reach) {
        bool written = write_count(cpu, &call, address, bytes);
        cpu->inline_blocks += written;
        redirect(&call, written ? (void (*)(void))block_low : (void (*)(void))block_hook);
    }
    block_hook(uc, address, bytes, user);
}

bool inline_count_known(void)
{
    return true;
}

#else

void first_block_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user)
{
    block_hook(uc, address, bytes, user);
}

bool inline_count_known(void)
{
    return false;
}

#endif
