/* The engine: PowerPC64 CPUs over Unicorn that take turns on one host thread.
 *
 * A machine has 1..8 CPUs that share RAM at physical 0 and device pages above it. The engine runs them by
 * directives that a schedule policy compiled, counts every instruction, delivers exceptions to the architected
 * vectors, serves the hypercalls that need no host, and returns to its caller with a reason. All that it calls
 * back goes through `struct callbacks`.
 *
 * One instruction is one nanosecond of its CPU's time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interrupt_controller.h"

#define MAX_CPUS 8
#define NEVER UINT64_MAX
#define THREAD_HOLDS_MAX 16
#define LOG_MAX 4096

struct machine;

/* Byte offsets into a saved context, measured by calibrate() because the library does not publish them. */
struct layout {
    uint64_t gpr, lr, ctr, crf, so, ov, ca, ov32, ca32, msr, nip, spr, vsr, fpscr, error_code, size;
    uint64_t stop_check; /* in the library's handle: see stop_check.c; 0 = leave it alone */
    uint64_t inline_count; /* not an offset: 1 = blocks count by themselves (inline_count.c), 0 = by calls */
};

/* Why machine_run() came back. */
enum stop {
    STOP_NONE = 0,
    STOP_REQUESTED = 1,    /* machine_request_stop(): the caller knows why */
    STOP_DIRECTIVES = 2,   /* no directive is left: the policy must give more */
    STOP_IDLE = 3,         /* no CPU can run and no event or timer is to come */
    STOP_DEADLINE = 4,     /* machine time reached the deadline */
    STOP_INSTRUCTIONS = 5, /* the watched CPU executed so many instructions */
    STOP_ADDRESS = 6,      /* the watched CPU is about to execute the address */
    STOP_FAULT = 7,        /* the library failed; machine_error() says how */
    STOP_LOG_FULL = 8,     /* the record of slices must be taken */
    STOP_SCRIPT = 9,       /* DO_STOP */
};

/* What a policy asks for. Every directive but the endless ones is used up when it has been carried out. */
enum directive_kind {
    DO_TURNS = 1,          /* amount = quantum: the CPU furthest behind runs so long, for ever */
    DO_RANDOM = 2,         /* amount = longest slice: any CPU, any length, for ever */
    DO_RUN = 3,            /* cpu, amount instructions exactly */
    DO_UNTIL = 4,          /* cpu up to address; amount = most instructions, 0 without limit */
    DO_HOLD_CPU = 5,       /* cpu */
    DO_RELEASE_CPU = 6,    /* cpu */
    DO_HOLD_THREAD = 7,    /* thread, where it reaches address */
    DO_RELEASE_THREAD = 8, /* thread */
    DO_INJECT = 9,         /* cpu, amount = vector */
    DO_RAISE = 10,         /* amount = interrupt line, raised until the device next sets it */
    DO_TURNS_UNTIL = 11,   /* as DO_TURNS, until cpu reaches address */
    DO_TURNS_TIME = 12,    /* as DO_TURNS, until machine time reaches address */
    DO_STOP = 13,          /* the run ends */
};

struct directive {
    uint32_t kind;
    uint32_t cpu;
    uint64_t amount;
    uint64_t address;
    uint64_t thread;
};

/* One executed slice: what the schedule digest covers. */
struct slice_record {
    uint64_t cpu;
    uint64_t instructions;
};

/* A host stop; it changes nothing for the guest. Unused limits are NEVER. */
struct watch {
    uint64_t deadline;     /* machine time, ns */
    uint64_t cpu;          /* whose instructions and address are watched */
    uint64_t instructions; /* total of that CPU */
    uint64_t address;      /* effective; the instruction there has not been executed at the stop */
};

#define STRETCHES_MAX 8
#define STRETCH_POINTS_MAX 64

/* What it means that an instruction is executed. */
enum stretch_role {
    STRETCH_BEGINS = 0, /* for the guest thread that executes it */
    STRETCH_ENDS = 1,
    STRETCH_BEAT = 2,   /* for the CPU: from one to the next is a gap */
};

struct stretch_point {
    uint64_t address;
    uint64_t stretch; /* which kind: below STRETCHES_MAX; of no meaning to a beat */
    uint64_t role;    /* enum stretch_role */
};

/* What was seen of one kind; times in ns. */
struct stretch_figures {
    uint64_t count;
    uint64_t longest;
    uint64_t place;   /* the address at which the longest began */
    uint64_t end;     /* that of its end */
};

#define PROFILE_RANGES_MAX 4

/* Code whose executions are counted. */
struct profile_range {
    uint64_t start, end;
    int64_t *changes; /* one for each instruction, and one more: by how much its count differs from the one before */
};

#define POINTS_MAX 512 /* different addresses in the life of a machine */
#define POINT_WORDS 4

/* An instruction to log, and what to read of memory then. */
struct log_point {
    uint64_t address;
    uint64_t base;   /* register: 3 or 4; 0: nothing is read */
    uint64_t offset; /* from what the register holds */
    uint64_t through; /* non-zero: an address lies there, and what is read lies at that */
};

/* An instruction about to be executed, or an exception taken before it. */
struct point_record {
    uint64_t vector;       /* of the exception, or 0 */
    uint64_t cpu;
    uint64_t time;         /* that CPU's, ns */
    uint64_t instructions; /* that it has executed */
    uint64_t thread;       /* guest thread: SPRG3 */
    uint64_t address;
    uint64_t values[2];    /* r3 and r4; of an exception 0 */
    uint64_t memory[POINT_WORDS]; /* in the guest's byte order; 0 where nothing is mapped or was wanted */
};

struct callbacks {
    /* Returns the status for r3 and sets the value for r4. */
    int64_t (*hypercall)(uint32_t cpu, uint64_t number, const uint64_t arguments[6], uint64_t *value);
    /* Return 0, or non-zero when no register answers. */
    int (*device_read)(uint32_t cpu, uint64_t offset, uint32_t size, uint64_t *value);
    int (*device_write)(uint32_t cpu, uint64_t offset, uint32_t size, uint64_t value);
    /* Events up to this machine time are due; the callee sets the time of the next one. */
    void (*events)(uint64_t now);
};

/* What a CPU is doing. */
enum cpu_state { CPU_OFF = 0, CPU_RUNNING = 1, CPU_IDLE = 2 };

/* The parts of a CPU's state that are not registers, for saving. */
struct cpu_control {
    uint64_t state;        /* enum cpu_state */
    uint64_t held;         /* by a directive */
    uint64_t held_thread;  /* the guest thread on whose account, or 0 */
    uint64_t instructions; /* executed */
    uint64_t time;         /* ns */
    uint64_t timer;        /* ns at which the decrementer exception becomes pending, or NEVER */
    uint64_t rest;         /* instructions of the block in progress that a host stop left */
    uint64_t injected;     /* vector of an injected exception, or 0 */
    uint64_t check;        /* SRR1 reason of a pending machine check, or 0 */
    uint64_t check_pc;     /* the access that was refused */
    uint64_t check_dar;    /* its effective address */
};

/* A guest thread that must not go past an address. */
struct thread_hold {
    uint64_t thread;
    uint64_t address;
};

/* The part of a machine's state that belongs to no CPU, for saving. */
struct machine_control {
    uint64_t time;         /* machine time, never goes back */
    uint64_t clock;        /* last value that a clock read gave anywhere */
    uint64_t slice_open;   /* a slice is in progress */
    uint64_t slice_cpu;
    uint64_t slice_exact;
    uint64_t slice_goal;   /* that CPU's instruction count at its end */
    uint64_t slice_start;
    uint64_t slice_address;
    uint64_t slice_passed; /* the CPU has left slice_address since the slice began */
    uint64_t next_event;   /* time of the first event, or NEVER */
    uint64_t random[4];    /* state of the schedule's generator */
    uint64_t thread_hold_count;
    struct thread_hold thread_holds[THREAD_HOLDS_MAX];
};

/* Library. `error` has room for 200 bytes; functions that take it return 0 for success. */
/* Sizes of the structures above, in their order; returns how many. The caller's own must be the same. */
uint32_t engine_structures(uint64_t sizes[13]);
int engine_bind(const char *unicorn_path, char *error);
int engine_calibrate(struct layout *layout, char *error);

/* Machine. `ram_bytes` is a multiple of 4 KiB. NULL when the host has no memory or the library refuses. */
struct machine *machine_open(uint32_t cpus, uint64_t ram_bytes, uint64_t device_base, uint64_t device_bytes,
                             const struct layout *layout, const struct callbacks *callbacks, char *error);
void machine_close(struct machine *machine);
uint8_t *machine_ram(struct machine *machine);
void machine_clear_ram(struct machine *machine);
/* Numbers of the 4 KiB pages that are not all zero, ascending; there is room for all. Returns how many. */
uint32_t machine_used_pages(const struct machine *machine, uint32_t *numbers);
enum stop machine_run(struct machine *machine, const struct watch *watch);
void machine_request_stop(struct machine *machine);
const char *machine_error(const struct machine *machine);
/* How many translations have counted by themselves so far (layout.inline_count). */
uint64_t machine_inline_blocks(const struct machine *machine);
uint64_t machine_time(const struct machine *machine);
/* The time that a device sees: that of the CPU whose access it serves, otherwise machine time. */
uint64_t machine_now(const struct machine *machine);
void machine_set_next_event(struct machine *machine, uint64_t time);
void machine_get_control(const struct machine *machine, struct machine_control *control);
void machine_set_control(struct machine *machine, const struct machine_control *control);
uint64_t machine_read_clock(struct machine *machine, uint32_t cpu);
void machine_set_line(struct machine *machine, uint32_t line, bool high);
void machine_get_interrupts(const struct machine *machine, struct interrupt_controller *controller);
void machine_set_interrupts(struct machine *machine, const struct interrupt_controller *controller);

/* Schedule. */
/* Ends the slice in progress wherever it is, for another policy to take over. */
void machine_end_slice(struct machine *machine);
/* Replaces all that are left. Returns non-zero when the host has no memory for them. */
int machine_set_directives(struct machine *machine, const struct directive *directives, uint32_t count);
/* What is left of them, as far as there is room; returns how many are left. */
uint32_t machine_get_directives(const struct machine *machine, struct directive *directives, uint32_t room);
void machine_seed(struct machine *machine, uint64_t seed);
/* Moves the record of slices out; `records` has room for LOG_MAX. Returns how many there are. */
uint32_t machine_take_log(struct machine *machine, struct slice_record *records);

/* Stretches, timed while they are watched: from an instruction to another of the same guest thread, waits included;
 * gaps between the beats of each CPU; and instructions of each CPU with interrupts off. The guest runs as if nobody watched. */
/* Begins anew, with all figures zero. Returns non-zero when there are too many points or the host has no memory. */
int machine_watch_stretches(struct machine *machine, const struct stretch_point *points, uint32_t count);
void machine_unwatch_stretches(struct machine *machine);
/* While they are watched. */
void machine_get_stretch(const struct machine *machine, uint32_t stretch, struct stretch_figures *figures);
void cpu_get_gap(const struct machine *machine, uint32_t cpu, struct stretch_figures *figures);
void cpu_get_interrupts_off(const struct machine *machine, uint32_t cpu, struct stretch_figures *figures);

/* Points, logged one by one. An instruction that is executed again because it faulted is logged again. The guest
 * runs as if nobody did, and as fast between two points; but where some hundred instructions follow each other without
 * a branch, the calls may make the library cut a block in two: there a point may change where interrupts are taken. */
/* From now on, at `points` (by address, each once), and exceptions if wanted; at most `most` records are kept. Returns
 * non-zero when there are too many addresses, when points are logged already, or when the host has no memory. */
int machine_log_points(struct machine *machine, const struct log_point *points, uint32_t count, bool exceptions,
                       uint64_t most);
/* Forgets the records. */
void machine_unlog_points(struct machine *machine);
bool machine_logs_points(const struct machine *machine);
/* While they are logged: how many records are kept, and how many were lost for want of room; all that were lost come
 * after those that are kept. */
uint64_t machine_points_logged(const struct machine *machine, uint64_t *lost);
/* Moves all that are kept out, in the order in which the CPUs' turns came. */
void machine_take_points(struct machine *machine, struct point_record *records);

/* Executions of each instruction, counted while somebody watches. The guest runs as if nobody did. */
/* From now on, in the ranges' own memory. Returns non-zero when there are too many or the host has no memory. */
int machine_watch_profile(struct machine *machine, const struct profile_range *ranges, uint32_t count);
void machine_unwatch_profile(struct machine *machine);

/* Coherence: after the host changed instructions or page tables in RAM. */
void machine_flush_code(struct machine *machine);
void machine_flush_tlb(struct machine *machine);

/* CPUs. */
void cpu_get_control(const struct machine *machine, uint32_t cpu, struct cpu_control *control);
void cpu_set_control(struct machine *machine, uint32_t cpu, const struct cpu_control *control);
void cpu_start(struct machine *machine, uint32_t cpu, uint64_t entry, uint64_t argument);
int cpu_inject(struct machine *machine, uint32_t cpu, uint64_t vector);
/* `size` bytes of a saved context from `offset`: see struct layout. */
void cpu_read_context(struct machine *machine, uint32_t cpu, uint64_t offset, void *bytes, uint64_t size);
void cpu_write_context(struct machine *machine, uint32_t cpu, uint64_t offset, const void *bytes, uint64_t size);
/* MSR and FPSCR with everything that the library derives from them; HV stays set. */
void cpu_set_msr(struct machine *machine, uint32_t cpu, uint64_t msr);
void cpu_set_fpscr(struct machine *machine, uint32_t cpu, uint64_t fpscr);
/* Physical address of an effective one in real mode or under the CPU's radix tree. Returns false when nothing is
 * mapped there. Protection is not looked at. */
bool cpu_translate(struct machine *machine, uint32_t cpu, uint64_t effective, bool real, uint64_t *physical);
