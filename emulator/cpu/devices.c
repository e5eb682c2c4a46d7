/* The bus. Device pages are mapped without permissions, so that each access first calls access_hook() with its
 * whole size and with PC up to date: a refused load is precise, and a device sees the exact time. The library then
 * moves the data in pieces of at most 4 bytes, for an 8-byte access the high half first. */
#include "machine.h"

/* What a refused access leaves for the machine check. */
static void refuse(struct cpu *cpu, uint64_t reason)
{
    uint32_t instruction;
    uint64_t effective;
    cpu->check = reason;
    cpu->check_pc = cpu_pc(cpu);
    cpu->check_dar = 0;
    bool known = fetch_instruction(cpu, cpu->check_pc, &instruction);
    context_save(cpu, cpu->machine->layout.gpr + 8 * 32);
    if (known && effective_address(cpu, instruction, &effective))
        cpu->check_dar = effective;
    cpu_look_up(cpu);
}

static bool read_register(struct cpu *cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct machine *machine = cpu->machine;
    if (offset / PAGE_BYTES != INTERRUPTS_PAGE)
        return !machine->callbacks.device_read(cpu->id, offset, size, value);
    return size == 8 && interrupts_read(&machine->interrupts, cpu->id, offset % PAGE_BYTES, value);
}

static bool write_register(struct cpu *cpu, uint64_t offset, unsigned size, uint64_t value)
{
    struct machine *machine = cpu->machine;
    if (offset / PAGE_BYTES != INTERRUPTS_PAGE)
        return !machine->callbacks.device_write(cpu->id, offset, size, value);
    bool done = size == 8 && interrupts_write(&machine->interrupts, cpu->id, machine->cpu_count,
                                              offset % PAGE_BYTES, value);
    interrupts_changed(machine);
    return done;
}

/* Instructions of the block in progress behind the one at PC: counted, but not executed yet. */
static void note_time(struct cpu *cpu)
{
    cpu->behind = (cpu_block_end(cpu) - cpu_pc(cpu)) / 4 - 1;
}

bool access_hook(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
    struct cpu *cpu = user;
    uint64_t offset = address - cpu->machine->device_base;
    (void)uc, (void)value;
    if (type != UC_MEM_READ_PROT && type != UC_MEM_WRITE_PROT) {
        refuse(cpu, CHECK_MEMORY);
        return false;
    }
    cpu->access_size = (unsigned)size;
    if (type == UC_MEM_WRITE_PROT)
        return true; /* the value comes in pieces, in the order of the bus */
    note_time(cpu);
    bool done = !(offset % (unsigned)size) && read_register(cpu, offset, (unsigned)size, &cpu->access_value);
    cpu->behind = 0;
    if (!done)
        refuse(cpu, CHECK_DEVICE);
    return done;
}

uint64_t device_read_hook(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    const struct cpu *cpu = user;
    (void)uc;
    bool high = cpu->access_size == 8 && size == 4 && offset % 8 == 0;
    return high ? cpu->access_value >> 32 : size == 4 ? (uint32_t)cpu->access_value : cpu->access_value;
}

void device_write_hook(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct cpu *cpu = user;
    if (cpu->access_size == 8 && size == 4 && offset % 8 == 0) {
        cpu->access_value = value;
        return;
    }
    if (cpu->access_size == 8 && size == 4) {
        offset -= 4;
        value = cpu->access_value << 32 | (uint32_t)value;
    }
    note_time(cpu);
    bool done = !(offset % cpu->access_size) && write_register(cpu, offset, cpu->access_size, value);
    cpu->behind = 0;
    if (!done) {
        refuse(cpu, CHECK_DEVICE);
        unicorn.emu_stop(uc);
    }
}
