#include "arch/ppc64/translation_tables.h"

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/boot_frames.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/image.h"

namespace arch {

using kernel::Result;
using kernel::Status;

namespace {

constexpr uint64_t real_mode_window = 0;
constexpr uint64_t page_size = abi::PAGE_SIZE;

// Regions of the kernel's tree, one root entry each. All are there before the other CPUs' roots are copied from the
// first, so the root tables never change again and every CPU sees what is mapped below them later.
constexpr uint64_t shared_regions[] = {
    abi::KERNEL_BASE, abi::LINEAR_BASE, abi::GLOBAL_TABLE_BASE, abi::STACK_BASE, abi::DEVICE_BASE,
};

// Partition table entry 0, first doubleword: the host uses radix translation.
constexpr uint64_t HOST_RADIX = uint64_t{1} << 63;
// Logical partitioning control register: host radix (bit 43), process table in use (bit 41).
constexpr uint64_t LPCR_HOST_RADIX = uint64_t{1} << (63 - 43);
constexpr uint64_t LPCR_USE_PROCESS_TABLE = uint64_t{1} << (63 - 41);

// Instruction authority mask: privileged code must not execute what problem state may (key 0, its lower bit).
constexpr uint64_t IAMR_NO_USER_TEXT = uint64_t{1} << 62;

struct ProcessTableEntry {
    uint64_t tree;
    uint64_t reserved;
};
static_assert(PIDS * sizeof(ProcessTableEntry) == page_size);

// Without RAM for the first tables there is no console yet to say so on.
template <typename T>
T must(Result<T> result)
{
    if (!result.ok())
        trap();
    return result.value();
}

void must(Status status)
{
    if (!status.ok())
        trap();
}

// All frames of [physical, end), at consecutive pages from `address`.
void map_range(const RadixTree& tree, uint64_t address, uint64_t physical, uint64_t end, Protection protection)
{
    const uint64_t bits = page_bits(protection);
    uint64_t* leaf = nullptr;
    for (; physical < end; physical += page_size, address += page_size) {
        // The leaves of one table follow each other: RAM is large, and the tree need not be walked for every page.
        leaf = leaf == nullptr || address % RadixTree::leaf_table_span == 0
            ? must(tree.make_leaf(address, boot_frames()))
            : leaf + 1;
        *leaf = physical | bits;
    }
}

void map_image(const RadixTree& tree)
{
    const auto part = [&](const char* begin, const char* end, Protection protection) {
        const auto address = reinterpret_cast<uint64_t>(begin);
        map_range(tree, address, address - abi::KERNEL_BASE, reinterpret_cast<uint64_t>(end) - abi::KERNEL_BASE,
                  protection);
    };
    part(__text_start, __text_end, Protection::READ_EXECUTE);
    part(__rodata_start, __rodata_end, Protection::READ);
    part(__data_start, __image_end, Protection::READ_WRITE);
    // An overflow of a boot or emergency stack runs into its guard page.
    for (const CpuStacks& stacks : cpu_stacks) {
        *tree.find_leaf(reinterpret_cast<uint64_t>(stacks.emergency.guard)) = 0;
        *tree.find_leaf(reinterpret_cast<uint64_t>(stacks.boot.guard)) = 0;
    }
}

// All of RAM at LINEAR_BASE; vectors, text and constants only readable, so that nothing can write them here either.
void map_ram(const RadixTree& tree, uint64_t memory)
{
    const uint64_t constants_end = reinterpret_cast<uint64_t>(__rodata_end) - abi::KERNEL_BASE;
    const uint64_t image_begin = abi::KERNEL_LOAD;
    const auto range = [&](uint64_t begin, uint64_t end, Protection protection) {
        map_range(tree, abi::LINEAR_BASE + begin, begin, end, protection);
    };
    range(0, abi::VECTORS_END, Protection::READ);
    range(abi::VECTORS_END, image_begin, Protection::READ_WRITE);
    range(image_begin, constants_end, Protection::READ);
    range(constants_end, memory, Protection::READ_WRITE);
}

// What all CPUs share, in CPU 0's tree.
RadixTree build_shared_tree(const abi::BootInfo& info)
{
    const uint64_t root = must(RadixTree::make_table(RadixTree::root_frames, real_mode_window, boot_frames()));
    const RadixTree tree(root, real_mode_window);
    for (const uint64_t region : shared_regions)
        must(tree.make_root_entry(region, boot_frames()));
    map_image(tree);
    map_ram(tree, info.memory_bytes);
    map_range(tree, abi::DEVICE_BASE, abi::DEVICE_PHYSICAL, abi::DEVICE_PHYSICAL + abi::DEVICE_PAGES * page_size,
              Protection::DEVICE);
    return tree;
}

uint64_t copy_root(const RadixTree& from)
{
    const uint64_t root = must(RadixTree::make_table(RadixTree::root_frames, real_mode_window, boot_frames()));
    const RadixTree to(root, real_mode_window);
    for (const uint64_t region : shared_regions)
        *to.root_entry(region) = *from.root_entry(region);
    return root;
}

// The tables that one CPU's PTCR leads to. `empty_root` is the tree of EMPTY_PID.
void build_cpu_tables(PerCpu& percpu, uint64_t empty_root)
{
    percpu.partition_table = must(RadixTree::make_table(1, real_mode_window, boot_frames()));
    percpu.process_table = must(RadixTree::make_table(1, real_mode_window, boot_frames()));
    auto* partition = reinterpret_cast<uint64_t*>(percpu.partition_table);
    partition[0] = HOST_RADIX;
    partition[1] = percpu.process_table; // size field 0: 4 KiB, PIDS entries
    auto* processes = reinterpret_cast<ProcessTableEntry*>(percpu.process_table);
    processes[0].tree = RadixTree::process_table_entry(percpu.root);
    processes[EMPTY_PID].tree = RadixTree::process_table_entry(empty_root);
}

void set_stacks(PerCpu& percpu, unsigned id)
{
    const CpuStacks& stacks = cpu_stacks[id];
    set_stack(percpu, {stacks.boot.low(), stacks.boot.high()});
    percpu.emergency = {stacks.emergency.low(), stacks.emergency.high()};
    percpu.emergency_limit = percpu.emergency.low + STACK_RESERVE;
    percpu.emergency_high = percpu.emergency.high;
}

PerCpu* build_cpu(unsigned id, uint64_t root, uint64_t empty_root)
{
    const uint64_t physical = must(RadixTree::make_table(1, real_mode_window, boot_frames()));
    auto* percpu = reinterpret_cast<PerCpu*>(physical);
    percpu->id = id;
    percpu->physical = physical;
    percpu->root = root;
    set_stacks(*percpu, id);
    build_cpu_tables(*percpu, empty_root);
    const RadixTree tree(root, real_mode_window);
    map_range(tree, abi::PERCPU_BASE, physical, physical + page_size, Protection::READ_WRITE);
    return percpu;
}

template <typename Change>
void each_process_table(Change change)
{
    for (unsigned id = 0; id < cpu_count(); ++id)
        change(static_cast<ProcessTableEntry*>(linear(cpu(id).process_table)));
}

}

uint64_t page_bits(Protection protection)
{
    constexpr uint64_t common = PAGE_VALID | PAGE_LEAF | PAGE_REFERENCED | PAGE_CHANGED | PAGE_PRIVILEGED | PAGE_READ;
    switch (protection) {
    case Protection::READ: return common;
    case Protection::READ_WRITE: return common | PAGE_WRITE;
    case Protection::READ_EXECUTE: return common | PAGE_EXECUTE;
    case Protection::DEVICE: return common | PAGE_WRITE | PAGE_NOT_IDEMPOTENT;
    }
    return 0;
}

PerCpu* build_translation(const abi::BootInfo& info)
{
    boot_frames().initialise(info.image_end, info.memory_bytes);
    const RadixTree shared = build_shared_tree(info);
    const uint64_t empty_root =
        must(RadixTree::make_table(RadixTree::root_frames, real_mode_window, boot_frames()));
    PerCpu* first = nullptr;
    for (unsigned id = 0; id < info.cpus; ++id) {
        // CPU 0 keeps the shared tree's root; the copy for another is made before that one has local pages of its own.
        PerCpu* percpu = build_cpu(id, id == 0 ? shared.root() : copy_root(shared), empty_root);
        note_percpu(id, percpu->physical);
        if (id == 0)
            first = percpu;
    }
    return first;
}

void load_translation(const PerCpu& percpu)
{
    write_spr<SPR_SPRG0>(percpu.physical);
    write_spr<SPR_LPIDR>(0);
    write_spr<SPR_PIDR>(EMPTY_PID);
    write_spr<SPR_IAMR>(IAMR_NO_USER_TEXT);
    write_spr<SPR_PTCR>(percpu.partition_table); // size field 0: 4 KiB
    write_spr<SPR_LPCR>(read_spr<SPR_LPCR>() | LPCR_HOST_RADIX | LPCR_USE_PROCESS_TABLE);
    // The translation that the next rfid turns on must be these tables', not what the CPU knew before.
    barrier_instruction();
}

void set_process_tree(uint64_t pid, uint64_t root)
{
    each_process_table([=](ProcessTableEntry* table) { table[pid].tree = RadixTree::process_table_entry(root); });
    // The tables must say so before any CPU is told to run with this PID.
    barrier_full();
}

void clear_process_tree(uint64_t pid)
{
    each_process_table([=](ProcessTableEntry* table) { table[pid].tree = 0; });
    // The entry must be gone before the CPUs forget what they cached of it, or one could fetch it again.
    barrier_full();
    invalidate(0, 0);
}

}
