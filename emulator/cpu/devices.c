/* The bus: device pages, joined to 8-byte accesses. The library hands an 8-byte access over as two 4-byte halves,
 * high half first; a single 4-byte access looks like a first half that is never followed by a second one. */
#include "machine.h"

static void refuse(struct cpu *cpu)
{
    cpu->half_open = false;
    cpu->check = CHECK_DEVICE;
    cpu_look_up(cpu);
    unicorn.emu_stop(cpu_engine(cpu)); /* leaves PC on the access: the machine check is precise */
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

/* Is this the second half of the access in progress? */
static bool is_second_half(struct cpu *cpu, uint64_t offset, unsigned size)
{
    bool second = cpu->half_open && size == 4 && offset == cpu->half_offset + 4;
    cpu->half_open = false;
    return second;
}

static void open_half(struct cpu *cpu, uint64_t offset, uint32_t value)
{
    cpu->half_open = true;
    cpu->half_offset = offset;
    cpu->half_value = value;
    cpu_look_up(cpu); /* should the second half not come, the end of the block notices */
}

uint64_t device_read_hook(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    struct cpu *cpu = user;
    uint64_t value = 0;
    (void)uc;
    if (cpu->check)
        return ~0ull;
    if (is_second_half(cpu, offset, size))
        return cpu->half_value;
    bool first = size == 4 && offset % 8 == 0;
    if (!read_register(cpu, offset, first ? 8 : size, &value)) {
        refuse(cpu);
        return ~0ull;
    }
    if (!first)
        return value;
    open_half(cpu, offset, (uint32_t)value);
    return value >> 32;
}

void device_write_hook(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    if (cpu->check)
        return;
    if (is_second_half(cpu, offset, size)) {
        if (!write_register(cpu, offset - 4, 8, (uint64_t)cpu->half_value << 32 | (uint32_t)value))
            refuse(cpu);
    } else if (size == 4 && offset % 8 == 0) {
        open_half(cpu, offset, (uint32_t)value);
    } else if (!write_register(cpu, offset, size, value)) {
        refuse(cpu);
    }
}
