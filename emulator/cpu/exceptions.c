/* Exceptions: the library reports them, nothing is delivered to the guest but here.
 *
 * A hook may not write PC through the register API (the next stop inside a block would replay instructions), so
 * everything goes through a short context; writing MSR afterwards brings the derived flags up to date. */
#include <string.h>

#include "machine.h"

/* Exception numbers of the library (QEMU's POWERPC_EXCP_*). */
enum exception {
    EXCEPTION_DSI = 2,
    EXCEPTION_ISI = 3,
    EXCEPTION_ALIGNMENT = 5,
    EXCEPTION_PROGRAM = 6,
    EXCEPTION_FP_UNAVAILABLE = 7,
    EXCEPTION_SYSTEM_CALL = 8,
    EXCEPTION_DATA_SEGMENT = 65,
    EXCEPTION_INSTRUCTION_SEGMENT = 66,
    EXCEPTION_TRACE = 68,
    EXCEPTION_HYPERVISOR_ISI = 70,
    EXCEPTION_VECTOR_UNAVAILABLE = 73,
    EXCEPTION_VSX_UNAVAILABLE = 94,
    EXCEPTION_ILLEGAL = 96,
};

/* Kinds of program exception in the high digit of error_code. */
enum program_kind { PROGRAM_FP = 0x10, PROGRAM_ILLEGAL = 0x20, PROGRAM_PRIVILEGED = 0x30, PROGRAM_TRAP = 0x40 };

#define ISI_NO_EXECUTE_LIBRARY 0x08000000u /* what the library reports */
#define ISI_NO_EXECUTE 0x10000000u         /* Power ISA: SRR1 bit 35, no-execute or guarded storage */

static uint32_t error_code(struct cpu *cpu)
{
    uint32_t code;
    uint64_t offset = cpu->machine->layout.error_code;
    context_save(cpu, offset + sizeof code);
    memcpy(&code, (uint8_t *)cpu->context + offset, sizeof code);
    return code;
}

static uint64_t *spr_word(struct cpu *cpu, enum spr spr)
{
    return context_word(cpu->context, cpu->machine->layout.spr + 8 * spr);
}

static void save_up_to(struct cpu *cpu, enum spr last)
{
    context_save(cpu, cpu->machine->layout.spr + 8 * (last + 1));
}

/* SF and HV on, ME kept, all else off, and on at the vector. The caller has saved and filled the context. */
static void enter_vector(struct cpu *cpu, enum vector vector, uint64_t msr)
{
    uint64_t entry = MSR_SF | MSR_HV | (vector == VECTOR_MACHINE_CHECK ? 0 : msr & MSR_ME);
    *context_word(cpu->context, cpu->machine->layout.msr) = entry;
    *context_word(cpu->context, cpu->machine->layout.nip) = vector;
    context_restore(cpu);
    unicorn.reg_write(cpu_engine(cpu), UC_PPC_REG_MSR, &entry);
}

void deliver(struct cpu *cpu, enum vector vector, uint64_t address, uint64_t reason)
{
    point_log_exception(cpu, vector, address);
    save_up_to(cpu, SPR_SRR1);
    uint64_t msr = *context_word(cpu->context, cpu->machine->layout.msr);
    *spr_word(cpu, SPR_SRR0) = address;
    *spr_word(cpu, SPR_SRR1) = (msr & ~SRR1_STATUS) | reason;
    enter_vector(cpu, vector, msr);
}

/* An illegal instruction comes in HSRR0, HSRR1 and HEIR, as the architecture has it, and also in SRR0 and SRR1, so
 * that one handler serves all vectors. */
static void deliver_illegal(struct cpu *cpu, uint64_t address)
{
    uint32_t instruction = 0;
    fetch_instruction(cpu, address, &instruction);
    point_log_exception(cpu, VECTOR_EMULATION_ASSISTANCE, address);
    save_up_to(cpu, SPR_HEIR);
    uint64_t msr = *context_word(cpu->context, cpu->machine->layout.msr);
    *spr_word(cpu, SPR_HSRR0) = *spr_word(cpu, SPR_SRR0) = address;
    *spr_word(cpu, SPR_HSRR1) = *spr_word(cpu, SPR_SRR1) = msr & ~SRR1_STATUS;
    *spr_word(cpu, SPR_HEIR) = instruction;
    enter_vector(cpu, VECTOR_EMULATION_ASSISTANCE, msr);
}

/* The library does not tell the address of a misaligned access. */
static void deliver_alignment(struct cpu *cpu, uint64_t address)
{
    uint32_t instruction;
    uint64_t effective;
    bool known = fetch_instruction(cpu, address, &instruction);
    save_up_to(cpu, SPR_DAR);
    if (known && effective_address(cpu, instruction, &effective)) {
        *spr_word(cpu, SPR_DAR) = effective;
        context_restore(cpu);
    }
    deliver(cpu, VECTOR_ALIGNMENT, address, 0);
}

static void system_call(struct cpu *cpu, uint64_t address)
{
    uint32_t instruction;
    if (!fetch_instruction(cpu, address, &instruction))
        instruction = error_code(cpu) << 5;
    unsigned level = instruction >> 5 & 0x7F;
    if (!level)
        deliver(cpu, VECTOR_SYSTEM_CALL, address + 4, 0);
    else if (level != 1 || cpu_msr(cpu) & MSR_PR)
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_PRIVILEGED);
    else
        serve_hypercall(cpu);
}

static void program(struct cpu *cpu, uint64_t address)
{
    switch (error_code(cpu) & 0xF0) {
    case PROGRAM_TRAP:
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_TRAP);
        break;
    case PROGRAM_PRIVILEGED:
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_PRIVILEGED);
        break;
    case PROGRAM_FP:
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_FP_ENABLED);
        break;
    default:
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_ILLEGAL);
    }
}

static void illegal(struct cpu *cpu, uint64_t address)
{
    if ((error_code(cpu) & 0xF0) == PROGRAM_PRIVILEGED)
        deliver(cpu, VECTOR_PROGRAM, address, SRR1_PRIVILEGED);
    else
        deliver_illegal(cpu, address);
}

static void instruction_storage(struct cpu *cpu, uint64_t address)
{
    uint32_t reason = error_code(cpu);
    if (reason & ISI_NO_EXECUTE_LIBRARY)
        reason = (reason & ~ISI_NO_EXECUTE_LIBRARY) | ISI_NO_EXECUTE;
    deliver(cpu, VECTOR_ISI, address, reason & SRR1_STATUS);
}

static void dispatch(struct cpu *cpu, enum exception exception, uint64_t address)
{
    switch (exception) {
    case EXCEPTION_SYSTEM_CALL:
        system_call(cpu, address);
        break;
    case EXCEPTION_DSI:
        deliver(cpu, VECTOR_DSI, address, 0);
        break;
    case EXCEPTION_ISI:
    case EXCEPTION_HYPERVISOR_ISI:
        instruction_storage(cpu, address);
        break;
    case EXCEPTION_ALIGNMENT:
        deliver_alignment(cpu, address);
        break;
    case EXCEPTION_PROGRAM:
        program(cpu, address);
        break;
    case EXCEPTION_ILLEGAL:
        illegal(cpu, address);
        break;
    case EXCEPTION_FP_UNAVAILABLE:
        deliver(cpu, VECTOR_FP_UNAVAILABLE, address, 0);
        break;
    case EXCEPTION_DATA_SEGMENT:
        deliver(cpu, VECTOR_DATA_SEGMENT, address, 0);
        break;
    case EXCEPTION_INSTRUCTION_SEGMENT:
        deliver(cpu, VECTOR_INSTRUCTION_SEGMENT, address, 0);
        break;
    case EXCEPTION_TRACE:
        deliver(cpu, VECTOR_TRACE, address, 0); /* reported with the instruction that comes next */
        break;
    case EXCEPTION_VECTOR_UNAVAILABLE:
        deliver(cpu, VECTOR_VECTOR_UNAVAILABLE, address, 0);
        break;
    case EXCEPTION_VSX_UNAVAILABLE:
        deliver(cpu, VECTOR_VSX_UNAVAILABLE, address, 0);
        break;
    default:
        machine_fail(cpu->machine, "CPU %u: exception %u of the library at %#llx has no vector", cpu->id,
                     (unsigned)exception, (unsigned long long)address);
        cpu_leave(cpu);
    }
}

/* A fetch fails before its block is counted, and a system call is the last instruction of its block. */
static bool cuts_block(enum exception exception)
{
    return exception != EXCEPTION_ISI && exception != EXCEPTION_HYPERVISOR_ISI &&
           exception != EXCEPTION_INSTRUCTION_SEGMENT && exception != EXCEPTION_SYSTEM_CALL &&
           exception != EXCEPTION_TRACE;
}

/* A machine check waits since earlier in this block: the instruction comes again after it, if ever. */
static void postpone(struct cpu *cpu, uint64_t address)
{
    cpu_refund(cpu, address);
    context_save(cpu, cpu->machine->layout.nip + 8);
    *context_word(cpu->context, cpu->machine->layout.nip) = address;
    context_restore(cpu);
    cpu_leave(cpu);
}

/* The library has advanced PC past the instruction, whatever the exception. */
void exception_hook(uc_engine *uc, uint32_t index, void *user)
{
    struct cpu *cpu = user;
    uint64_t address;
    unicorn.reg_read(uc, UC_PPC_REG_PC, &address);
    address -= 4;
    if (cpu->check) {
        postpone(cpu, address);
        return;
    }
    if (cuts_block((enum exception)index))
        cpu_refund(cpu, address);
    dispatch(cpu, (enum exception)index, address);
    if (cpu->stepping)
        cpu_leave(cpu); /* the vector starts a block, which is for the fast engine */
}

bool cpu_interrupt_pending(const struct cpu *cpu)
{
    return cpu_time(cpu) >= cpu->timer || interrupts_best(&cpu->machine->interrupts, cpu->id) != NO_SOURCE;
}

/* A refused load was not executed. A refused store may have let the rest of its block run: then nobody can go on,
 * which SRR1[RI] = 0 says. */
static void take_machine_check(struct cpu *cpu)
{
    bool precise = cpu_pc(cpu) == cpu->check_pc;
    point_log_exception(cpu, VECTOR_MACHINE_CHECK, cpu->check_pc);
    save_up_to(cpu, SPR_SRR1);
    uint64_t msr = *context_word(cpu->context, cpu->machine->layout.msr);
    *spr_word(cpu, SPR_DAR) = cpu->check_dar;
    *spr_word(cpu, SPR_SRR0) = cpu->check_pc;
    *spr_word(cpu, SPR_SRR1) = ((msr & ~SRR1_STATUS) | cpu->check) & ~(precise ? 0 : MSR_RI);
    cpu->check = 0;
    enter_vector(cpu, VECTOR_MACHINE_CHECK, msr);
}

/* A reset comes whatever MSR[EE] is, but never while it would destroy SRR0 and SRR1 in use. */
static bool can_take_injected(const struct cpu *cpu, uint64_t msr)
{
    switch (cpu->injected) {
    case 0:
        return false;
    case VECTOR_RESET:
        return msr & MSR_RI;
    case VECTOR_EXTERNAL:
    case VECTOR_DECREMENTER:
        return msr & MSR_EE;
    default:
        return true;
    }
}

bool cpu_can_take(const struct cpu *cpu)
{
    if (!cpu->injected && !cpu_interrupt_pending(cpu))
        return false;
    uint64_t msr = cpu_msr(cpu);
    return can_take_injected(cpu, msr) || (msr & MSR_EE && cpu_interrupt_pending(cpu));
}

/* Between two blocks: at most one exception, the most urgent first; the next one comes when its handler lets it. */
void deliver_pending(struct cpu *cpu)
{
    if (cpu->check) {
        take_machine_check(cpu);
        return;
    }
    if (!cpu_can_take(cpu))
        return;
    enum vector vector = VECTOR_DECREMENTER;
    if (can_take_injected(cpu, cpu_msr(cpu))) {
        vector = (enum vector)cpu->injected;
        cpu->injected = 0;
    } else if (interrupts_best(&cpu->machine->interrupts, cpu->id) != NO_SOURCE) {
        vector = VECTOR_EXTERNAL;
    }
    deliver(cpu, vector, cpu_pc(cpu), 0);
}

int cpu_inject(struct machine *machine, uint32_t id, uint64_t vector)
{
    struct cpu *cpu = &machine->cpus[id];
    if (cpu->state == CPU_OFF || cpu->injected)
        return 1;
    cpu->injected = vector;
    if (cpu->state == CPU_IDLE)
        wake_cpu(cpu, machine_now(machine));
    cpu_look_up(cpu);
    return 0;
}
