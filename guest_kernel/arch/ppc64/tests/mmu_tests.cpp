// Translation: mapping rules, protections, per-CPU pages, and no writable alias of what is executable.
#include "arch/ppc64/mmu.h"

#include "arch/ppc64/image.h"
#include "arch/ppc64/percpu.h"
#include "kernel/frames.h"
#include "kernel/test.h"

extern "C" uint64_t copy_user(void* destination, const void* source, size_t size);

namespace arch {

namespace {

using kernel::Code;

// Unused parts of the shared and of the per-CPU region.
constexpr uint64_t test_page = abi::GLOBAL_TABLE_BASE + 0x40'0000'0000;
constexpr uint64_t local_page = abi::PERCPU_BASE + 0x20'0000'0000;

// The copy loop has fix-ups for its accesses, so it can ask whether an address may be touched.
bool can_load(uint64_t address)
{
    uint64_t word;
    return copy_user(&word, reinterpret_cast<const void*>(address), sizeof(word)) == 0;
}

// Leaves what it found: the word is written with its own value.
bool can_store(uint64_t address)
{
    uint64_t word = 0;
    if (copy_user(&word, reinterpret_cast<const void*>(address), sizeof(word)) != 0)
        return false;
    return copy_user(reinterpret_cast<void*>(address), &word, sizeof(word)) == 0;
}

uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

class Frame {
public:
    Frame() : m_physical(kernel::allocate_frames(1).value()) { EXPECT(m_physical != 0); }
    ~Frame() { kernel::free_frames(m_physical, 1); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    uint64_t physical() const { return m_physical; }
    uint64_t alias() const { return address_of(linear(m_physical)); }
    uint64_t& word() { return *static_cast<uint64_t*>(linear(m_physical)); }

private:
    uint64_t m_physical;
};

kernel::Test map_and_unmap{"mmu.map_and_unmap", [] {
    Frame frame;
    EXPECT(!can_load(test_page));
    EXPECT(map_page(test_page, frame.physical(), Protection::READ_WRITE).ok());
    EXPECT(map_page(test_page, frame.physical(), Protection::READ_WRITE) == Code::EXISTS);
    frame.word() = 77;
    EXPECT(*reinterpret_cast<uint64_t*>(test_page) == 77);
    EXPECT(translate(test_page + 5).value() == frame.physical() + 5);
    EXPECT(unmap_page(test_page).ok());
    EXPECT(!can_load(test_page));
    EXPECT(unmap_page(test_page) == Code::NOT_FOUND);
    EXPECT(protect_page(test_page, Protection::READ) == Code::NOT_FOUND);
    EXPECT(translate(test_page).code() == Code::NOT_FOUND);
}};

kernel::Test refuses{"mmu.refuses", [] {
    EXPECT(map_page(test_page + 8, 0, Protection::READ) == Code::INVALID);
    EXPECT(map_page(test_page, 8, Protection::READ) == Code::INVALID);
    EXPECT(map_page(abi::PERCPU_BASE, 0, Protection::READ) == Code::INVALID);
    EXPECT(map_page(0x1000, 0, Protection::READ) == Code::INVALID);
    // No root entry: no CPU but one would see it.
    EXPECT(map_page(abi::KERNEL_BASE + 0x7000'0000'0000, 0, Protection::READ) == Code::INVALID);
    EXPECT(map_local_page(0, test_page, 0, Protection::READ) == Code::INVALID);
}};

kernel::Test image_protections{"mmu.image_protections", [] {
    EXPECT(can_load(address_of(__text_start)) && !can_store(address_of(__text_start)));
    EXPECT(can_load(address_of(__rodata_start)) && !can_store(address_of(__rodata_start)));
    EXPECT(can_store(address_of(__data_start)));
    EXPECT(!can_load(0) && !can_load(0xFFF8));
    EXPECT(!can_load(abi::KERNEL_BASE));
    for (uint64_t page = address_of(__text_start); page < address_of(__rodata_end); page += abi::PAGE_SIZE)
        EXPECT(!can_store(page) && !can_store(address_of(linear(physical(reinterpret_cast<void*>(page))))));
    EXPECT(!can_store(address_of(linear(0x300))));
    for (const CpuStacks& stacks : cpu_stacks)
        EXPECT(!can_load(address_of(stacks.boot.guard)) && !can_load(address_of(stacks.emergency.guard)));
}};

kernel::Test no_writable_alias{"mmu.no_writable_alias", [] {
    constexpr Protection read_only[] = {Protection::READ_EXECUTE, Protection::READ};
    Frame frame;
    for (const Protection sealed : read_only) {
        EXPECT(can_store(frame.alias()));
        EXPECT(map_page(test_page, frame.physical(), sealed).ok());
        EXPECT(can_load(frame.alias()) && !can_store(frame.alias()));
        EXPECT(can_load(test_page) && !can_store(test_page));
        EXPECT(protect_page(test_page, Protection::READ_WRITE).ok());
        EXPECT(can_store(frame.alias()) && can_store(test_page));
        EXPECT(protect_page(test_page, sealed).ok());
        EXPECT(!can_store(frame.alias()) && !can_store(test_page));
        EXPECT(unmap_page(test_page).ok());
        EXPECT(can_store(frame.alias()));
    }
}};

kernel::Test local_pages{"mmu.local_pages", [] {
    Frame frames[2];
    const unsigned cpus = cpu_count() < 2 ? cpu_count() : 2;
    for (unsigned id = 0; id < cpus; ++id) {
        EXPECT(map_local_page(id, local_page, frames[id].physical(), Protection::READ_WRITE).ok());
        EXPECT(translate_local(id, local_page).value() == frames[id].physical());
    }
    EXPECT(translate_local(0, abi::PERCPU_BASE).value() == cpu(0).physical);
    for (unsigned id = 0; id < cpus; ++id) {
        EXPECT(unmap_local_page(id, local_page).ok());
        EXPECT(translate_local(id, local_page).code() == Code::NOT_FOUND);
    }
}};

}

}
