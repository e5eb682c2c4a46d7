/* What the files of the engine share; callers include engine.h only. */
#pragma once

#include "engine.h"
#include "unicorn_api.h"

#define HEADER_BYTES 40        /* a uc_context before its CPU state */
#define BLOCK_MAX 1024         /* instructions: a block never crosses a 4 KiB page */
#define MESSAGE_RELEASE 14      /* emulator/abi/interrupts.py */
#define MESSAGE_SET_ASIDE 15
#define INTERRUPTS_PAGE 1      /* emulator/abi/devices.py */
#define PAGE_BYTES 0x1000
#define TIMER_MINIMUM 1000     /* ns: a shorter period than its own handler would stop all progress */

/* A vector of the architecture (Power ISA 3.0B, book III, 6.5). */
enum vector {
    VECTOR_RESET = 0x100,
    VECTOR_MACHINE_CHECK = 0x200,
    VECTOR_DSI = 0x300,
    VECTOR_DATA_SEGMENT = 0x380,
    VECTOR_ISI = 0x400,
    VECTOR_INSTRUCTION_SEGMENT = 0x480,
    VECTOR_EXTERNAL = 0x500,
    VECTOR_ALIGNMENT = 0x600,
    VECTOR_PROGRAM = 0x700,
    VECTOR_FP_UNAVAILABLE = 0x800,
    VECTOR_DECREMENTER = 0x900,
    VECTOR_SYSTEM_CALL = 0xC00,
    VECTOR_TRACE = 0xD00,
    VECTOR_EMULATION_ASSISTANCE = 0xE40,
    VECTOR_VECTOR_UNAVAILABLE = 0xF20,
    VECTOR_VSX_UNAVAILABLE = 0xF40,
};

#define MSR_SF (1ull << 63)
#define MSR_HV (1ull << 60)
#define MSR_EE (1ull << 15)
#define MSR_PR (1ull << 14)
#define MSR_FP (1ull << 13)
#define MSR_ME (1ull << 12)
#define MSR_IR (1ull << 5)
#define MSR_DR (1ull << 4)
#define MSR_RI (1ull << 1)
#define MSR_VEC (1ull << 25)
#define MSR_VSX (1ull << 23)

#define SRR1_STATUS 0x783F0000ull          /* bits 33:36 and 42:47 tell the reason of an exception */
#define SRR1_TRAP 0x20000ull
#define SRR1_PRIVILEGED 0x40000ull
#define SRR1_ILLEGAL 0x80000ull
#define SRR1_FP_ENABLED 0x100000ull
#define CHECK_DEVICE 0x40000ull            /* machine check: a register page refused the access */
#define CHECK_MEMORY 0x200000ull           /* machine check: no memory or device at that address */

enum spr {
    SPR_DSISR = 18,
    SPR_DAR = 19,
    SPR_SRR0 = 26,
    SPR_SRR1 = 27,
    SPR_PIDR = 48,
    SPR_SPRG3 = 275,
    SPR_HSRR0 = 314,
    SPR_HSRR1 = 315,
    SPR_HEIR = 339,
    SPR_PTCR = 464,
};

/* Why a CPU left the library; set by the hook that stopped it. */
enum leave {
    LEAVE_NONE = 0,
    LEAVE_AGAIN,        /* something to do between two blocks, then go on */
    LEAVE_SLICE_END,
    LEAVE_PART,         /* only `part` instructions of the next block may run */
    LEAVE_WATCH,        /* a host stop after `part` instructions of the next block, `rest` to follow */
};

struct cpu {
    struct machine *machine;
    uint32_t id;
    uc_engine *blocks;     /* runs whole blocks, fast; holds the registers but while `stepping` */
    uc_engine *steps;      /* runs parts of blocks, instruction by instruction; opened when first needed */
    bool stepping;
    uint64_t steps_left;
    uc_context *context;   /* scratch: see context_save() */

    /* Pacing. Executed so far = counted + (granted - fuel) / 4. */
    uint64_t counted;
    int64_t granted;       /* bytes of instructions, as fuel */
    int64_t fuel;
    uint64_t block;        /* the block in progress, counted as a whole: an exception refunds what it cuts off */
    uint32_t block_bytes;
    uint64_t inline_blocks; /* translations that count by themselves */
    uint64_t rest;         /* instructions of a block that a host stop cut: still to run, not counted */
    uint64_t part;         /* instructions of the next block that may run, for LEAVE_PART and LEAVE_WATCH */
    enum leave leave;

    enum cpu_state state;
    bool held;             /* by the schedule */
    uint64_t held_thread;  /* the guest thread on whose account it is held, or 0 */
    uint64_t time_offset;  /* time = executed + time_offset (modulo 2^64) */
    uint64_t timer;        /* the decrementer exception is pending from this time on */
    uint64_t injected;     /* vector to take whatever MSR[EE] is, or 0 */
    uint64_t check;        /* SRR1 reason of a pending machine check, or 0 */
    bool code_stale;       /* translations to drop before it goes on */

    uint64_t check_pc;     /* the access that was refused */
    uint64_t check_dar;    /* its effective address */

    /* The device access in progress. */
    unsigned access_size;
    uint64_t access_value;
    uint64_t behind;       /* instructions of the block behind the access: counted, but still to come */
};

struct machine {
    uint32_t cpu_count;
    struct cpu cpus[MAX_CPUS];
    uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t device_base, device_bytes;
    struct layout layout;
    struct callbacks callbacks;
    struct interrupt_controller interrupts;
    struct cpu *serving;   /* whose slice is running; NULL between slices */
    uint64_t time;
    uint64_t clock;
    uint64_t next_event;
    bool stop_requested;
    bool failed;           /* for good: `error` says why */
    struct watch watch;
    bool watch_passed;     /* the watched CPU has left the address at which the run began */
    char error[200];

    bool slice_open;
    struct cpu *slice_cpu;
    bool slice_exact;
    bool slice_passed;     /* as watch_passed, for slice_address */
    uint64_t slice_start, slice_goal, slice_address;
    uint64_t run_share;    /* ns from the run's start to its deadline */
    uint64_t slice_share;  /* that CPU's time at which a script has let it run alone for so long, or NEVER */

    struct directive *directives;
    uint32_t directive_next, directive_count;
    struct slice_record log[LOG_MAX];
    uint32_t log_count;
    uint64_t random[4];
    struct thread_hold thread_holds[THREAD_HOLDS_MAX];
    uint32_t thread_hold_count;
    struct stretches *stretches; /* NULL: nobody watches */
    struct profile *profile;     /* NULL: nobody counts executions */
    struct point_log *point_log; /* NULL: nobody logs points */
    uint64_t point_hooks[POINTS_MAX];
    uint32_t point_hook_count;
};

static inline uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* machine.c */
void machine_fail(struct machine *machine, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* cpu.c */
uc_err cpu_open(struct cpu *cpu, struct machine *machine, uint32_t id);
void cpu_close(struct cpu *cpu);
uc_err cpu_open_engine(struct cpu *cpu, uc_engine **uc);
uc_engine *cpu_engine(const struct cpu *cpu);
uint64_t cpu_msr(const struct cpu *cpu);
uint64_t cpu_pc(const struct cpu *cpu);
uint64_t cpu_spr(struct cpu *cpu, enum spr spr);
void cpu_write_msr(struct cpu *cpu, uint64_t msr);
/* Copies registers to the CPU's scratch context, from the first to the byte offset `end`, and back. */
void context_save(struct cpu *cpu, uint64_t end);
void context_restore(struct cpu *cpu);
uint64_t *context_word(uc_context *context, uint64_t offset);

/* pacing.c */
static inline uint64_t cpu_executed(const struct cpu *cpu)
{
    return cpu->counted + (uint64_t)((cpu->granted - cpu->fuel) / 4);
}
static inline uint64_t cpu_block_end(const struct cpu *cpu)
{
    return cpu->block + cpu->block_bytes;
}
static inline uint64_t cpu_time(const struct cpu *cpu)
{
    return cpu_executed(cpu) + cpu->time_offset;
}
void block_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user);
/* What is left of block_hook() where its fast path is part of the block; only `cpu` is an argument that was set. */
void block_low(uint64_t unused_1, uint64_t unused_2, uint64_t unused_3, struct cpu *cpu);
void cpu_settle(struct cpu *cpu);
/* The block in progress ends before `next`: what lies behind was counted but not executed. */
void cpu_refund(struct cpu *cpu, uint64_t next);
/* The next block asks whether anything changed. */
void cpu_look_up(struct cpu *cpu);
/* Instructions of the next `count` from `start` before a host stop; NEVER without one. */
uint64_t watch_point(struct cpu *cpu, uint64_t start, uint64_t count);
/* Leaves the library as soon as the hook returns. Not from a block: its PC would be lost. */
void cpu_leave(struct cpu *cpu);

/* inline_count.c */
/* The block hook of a block's first run: from then on the block counts by itself, or calls block_hook(). */
void first_block_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user);
/* Is it known how to write that for this host? */
bool inline_count_known(void);

/* steps.c */
/* Runs up to `count` instructions of straight-line code; fewer when an exception intervenes. */
uc_err cpu_run_steps(struct cpu *cpu, uint64_t count);

/* slice.c */
/* Runs the open slice to its end or to a host stop. */
enum stop run_slice(struct machine *machine);

/* exceptions.c */
void exception_hook(uc_engine *uc, uint32_t index, void *user);
void deliver(struct cpu *cpu, enum vector vector, uint64_t address, uint64_t reason);
bool cpu_interrupt_pending(const struct cpu *cpu);
/* Would deliver_pending() deliver anything but a machine check? */
bool cpu_can_take(const struct cpu *cpu);
void deliver_pending(struct cpu *cpu);

/* operands.c */
/* Effective address of a load or store, from the registers in the CPU's context; false for anything else. */
bool effective_address(const struct cpu *cpu, uint32_t instruction, uint64_t *address);

/* hypercalls.c */
void serve_hypercall(struct cpu *cpu);

/* devices.c */
bool access_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user);
uint64_t device_read_hook(uc_engine *uc, uint64_t offset, unsigned size, void *user);
void device_write_hook(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user);

/* time.c */
bool cpu_can_run(const struct cpu *cpu);
void wake_cpu(struct cpu *cpu, uint64_t time);
void cpu_catch_up(struct cpu *cpu, uint64_t time);
uint64_t least_time(const struct machine *machine);
uint64_t next_happening(const struct machine *machine);
void advance_time(struct machine *machine, uint64_t time);
void interrupts_changed(struct machine *machine);

/* translate.c */
bool fetch_instruction(struct cpu *cpu, uint64_t address, uint32_t *instruction);

/* schedule.c */
/* Opens the next slice, or says why there is none. */
enum stop open_slice(struct machine *machine);
/* The run's share of the slice under way, if one CPU runs alone in it. */
void share_run(struct machine *machine);
void close_slice(struct machine *machine);
#define NO_THREAD_HOLD UINT32_MAX
/* The hold of the CPU's current guest thread at this address, or NO_THREAD_HOLD. */
uint32_t thread_hold_at(struct cpu *cpu, uint64_t address);
/* Sets a guest thread aside that has reached its address. */
void apply_thread_holds(struct cpu *cpu);

/* calibrate.c */
/* Bare metal means HV=1, which only a restored context can set. */
void enter_bare_metal(uc_engine *uc, const struct layout *layout);

/* stop_check.c */
/* Offset in the library's handle of the flag that leaves out stop checks, or 0 when it is not where expected. */
uint64_t stop_check_find(uc_engine *uc);
void stop_check_off(uc_engine *uc, uint64_t offset);
/* Does a stop asked for inside a block take effect there, or with the flag at the next block? */
bool stop_check_verify(const struct layout *layout, uint64_t offset);

/* stretches.c */
/* `count` instructions of straight-line code are about to be executed; somebody watches. */
void stretches_note(struct cpu *cpu, uint64_t start, uint64_t count);

/* point_log.c */
/* The instruction at this address, in the block in progress, is about to be executed. */
void point_log_reach(struct cpu *cpu, uint64_t address);
/* An exception has come before the instruction at this address. */
void point_log_exception(struct cpu *cpu, uint64_t vector, uint64_t address);

/* profile.c */
/* The straight-line code [start, end) is about to be executed. */
void profile_note(struct cpu *cpu, uint64_t start, uint64_t end);
/* Of what was noted, an exception has come before this part. */
void profile_take_back(struct cpu *cpu, uint64_t start, uint64_t end);

/* random.c */
uint64_t random_next(uint64_t state[4]);
void random_seed(uint64_t state[4], uint64_t seed);
