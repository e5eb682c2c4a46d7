#include "objects/translation_table.h"

#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "kernel/heap.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "objects/instance_set.h"
#include "objects/lazy.h"
#include "objects/lazy_step.h"
#include "objects/stubs.h"

namespace objects {

namespace {

constexpr uint32_t globals_per_page = abi::PAGE_SIZE / sizeof(GlobalEntry);

}

bool TranslationTable::contains(const void* address) const
{
    const auto value = reinterpret_cast<uint64_t>(address);
    return value - abi::LOCAL_TABLE_BASE < uint64_t{abi::TABLE_ENTRIES} * sizeof(LocalEntry);
}

Status TranslationTable::initialise()
{
    kernel::MutexGuard growth(m_growth);
    return back(1);
}

Status TranslationTable::back(uint32_t index)
{
    if (index >= abi::TABLE_ENTRIES)
        return Code::NO_MEMORY;
    if (index >= m_backed_global)
        TRY(back_global(index));
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        // What an earlier attempt that ran out of memory has backed already is kept.
        if (index >= m_backed_local[cpu])
            TRY(back_local(cpu, index));
    }
    return {};
}

uint64_t TranslationTable::pages()
{
    kernel::MutexGuard growth(m_growth);
    uint64_t pages = m_backed_global / globals_per_page;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        pages += m_backed_local[cpu] / locals_per_page;
    return pages;
}

Status TranslationTable::back_global(uint32_t index)
{
    auto* frame = TRY(kernel::allocate_pages(1));
    auto* page = &global(index / globals_per_page * globals_per_page);
    const Status mapped = arch::map_page(reinterpret_cast<uint64_t>(page), arch::physical(frame), arch::Protection::READ_WRITE);
    if (!mapped.ok()) {
        kernel::free_pages(frame, 1);
        return mapped;
    }
    for (uint32_t i = 0; i < globals_per_page; ++i)
        new (&page[i]) GlobalEntry;
    m_backed_global += globals_per_page;
    return {};
}

Status TranslationTable::back_local(unsigned cpu, uint32_t index)
{
    const uint32_t first = index / locals_per_page * locals_per_page;
    auto* frame = TRY(kernel::allocate_pages(1));
    auto* entries = static_cast<LocalEntry*>(frame);
    for (uint32_t i = 0; i < locals_per_page; ++i) {
        entries[i].stubs = interposition_stubs;
        make_missing(entries[i], *at(first + i));
    }
    const Status mapped = map_local(cpu, first, arch::physical(frame));
    if (!mapped.ok()) {
        kernel::free_pages(frame, 1);
        return mapped;
    }
    m_backed_local[cpu] += locals_per_page;
    return {};
}

// Where its CPU finds the entries, and where all do.
Status TranslationTable::map_local(unsigned cpu, uint32_t first, uint64_t frame)
{
    const auto own = reinterpret_cast<uint64_t>(at(first));
    TRY(arch::map_local_page(cpu, own, frame, arch::Protection::READ_WRITE));
    const auto shared = reinterpret_cast<uint64_t>(local_on(cpu, first));
    const Status mapped = arch::map_page(shared, frame, arch::Protection::READ_WRITE);
    if (!mapped.ok())
        arch::unmap_local_page(cpu, own).ignore();
    return mapped;
}

// The number of an entry that is free and backed.
Result<uint32_t> TranslationTable::take_free()
{
    kernel::MutexGuard growth(m_growth);
    {
        kernel::SpinGuard guard(m_lock);
        const uint32_t index = m_free;
        if (index != 0) {
            m_free = global(index).next_free;
            return index;
        }
    }
    const uint32_t index = m_high_water;
    TRY(back(index));
    // Release: who scans up to the high-water mark finds the entries backed.
    __atomic_store_n(&m_high_water, index + 1, __ATOMIC_RELEASE);
    return index;
}

void TranslationTable::put_free(uint32_t index)
{
    kernel::SpinGuard guard(m_lock);
    global(index).next_free = m_free;
    m_free = index;
}

Reference TranslationTable::occupy(uint32_t index, Root* root, const kernel::IrqGuard& off)
{
    const Reference reference = at(index);
    auto& entry = global(index);
    const kernel::InnerSpinGuard guard(entry.lock, off);
    entry.state = EntryState::Live;
    ++entry.sequence;
    entry.used = false;
    set(entry, Mark::None);
    // Release: `root` is read without the lock.
    __atomic_store_n(&entry.root, root, __ATOMIC_RELEASE);
    entry.chain = nullptr;
    entry.interposed = false;
    entry.canonical = reference;
    return reference;
}

Result<Reference> TranslationTable::allocate(Root& root, InstanceSet* set)
{
    const uint32_t index = TRY(take_free());
    root.set_reference(at(index));
    const kernel::IrqGuard off_once_for_both_locks;
    if (with_factories && set != nullptr && !set->enlist(index, off_once_for_both_locks)) {
        put_free(index);
        return Code::GONE;
    }
    return occupy(index, &root, off_once_for_both_locks);
}

Result<Reference> TranslationTable::reserve()
{
    const uint32_t index = TRY(take_free());
    return occupy(index, nullptr, kernel::IrqGuard());
}

[[gnu::always_inline]] inline Result<Root*> TranslationTable::retire_locked(GlobalEntry& global, uint32_t index)
{
    if (global.state != EntryState::Live)
        return Code::GONE;
    if (innermost_rank(global) == Rank::Mediator || mark_of(global) == Mark::Converting)
        return Code::BUSY;
    if (global.root == nullptr)
        return global.canonical == at(index) ? Code::GONE : Code::BUSY;
    global.state = EntryState::Dying;
    set(global, Mark::None);
    Root* root = global.root;
    __atomic_store_n(&global.root, nullptr, __ATOMIC_RELEASE);
    flush(global, index);
    return root;
}

Result<Root*> TranslationTable::retire(Reference reference)
{
    auto& global = entry(reference);
    const kernel::SpinGuard guard(global.lock);
    return retire_locked(global, index(reference));
}

Result<Root*> TranslationTable::retire(Reference reference, InstanceSet& set)
{
    return set.take_out(reference, [&](const kernel::IrqGuard& off) {
        auto& global = entry(reference);
        const kernel::InnerSpinGuard guard(global.lock, off);
        return retire_locked(global, index(reference));
    });
}

void TranslationTable::release(Reference reference)
{
    auto& global = entry(reference);
    {
        kernel::SpinGuard guard(global.lock);
        while (global.chain != nullptr)
            unlink(global, *global.chain);
        flush(global, index(reference));
        global.state = EntryState::Free;
        global.canonical = nullptr;
    }
    put_free(index(reference));
}

Result<bool> TranslationTable::interpose(Interposer& interposer, const Root* expected)
{
    auto& global = entry(interposer.reference());
    kernel::SpinGuard guard(global.lock);
    if (global.state != EntryState::Live)
        return Code::GONE;
    if (expected != nullptr && global.root != expected)
        return Code::BUSY;
    if (interposer.rank() == Rank::Mediator && mark_of(global) != Mark::None)
        return Code::BUSY;
    if (!link(global, interposer))
        return Code::BUSY;
    return global.used;
}

// False when there is one of its rank.
bool TranslationTable::link(GlobalEntry& entry, Interposer& interposer)
{
    auto** place = &entry.chain;
    while (*place != nullptr && (*place)->rank() < interposer.rank())
        place = &(*place)->m_next;
    if (*place != nullptr && (*place)->rank() == interposer.rank())
        return false;
    interposer.m_next = *place;
    *place = &interposer;
    entry.interposed = true;
    interposer.m_linked = true;
    flush(entry, index(interposer.reference()));
    return true;
}

void TranslationTable::unlink(GlobalEntry& entry, Interposer& interposer)
{
    for (auto** link = &entry.chain; *link != nullptr; link = &(*link)->m_next) {
        if (*link == &interposer) {
            *link = interposer.m_next;
            break;
        }
    }
    entry.interposed = entry.chain != nullptr;
    interposer.m_linked = false;
    flush(entry, index(interposer.reference()));
}

void TranslationTable::remove(Interposer& interposer)
{
    auto& global = entry(interposer.reference());
    kernel::SpinGuard guard(global.lock);
    unlink(global, interposer);
}

void TranslationTable::replace_root(Interposer& mediator, Root& root)
{
    auto& global = entry(mediator.reference());
    kernel::SpinGuard guard(global.lock);
    root.set_reference(mediator.reference());
    // Release: `root` is read without the lock.
    __atomic_store_n(&global.root, &root, __ATOMIC_RELEASE);
    unlink(global, mediator);
}

Status TranslationTable::exchange(Interposer& before, Interposer& after)
{
    auto& global = entry(before.reference());
    kernel::SpinGuard guard(global.lock);
    if (global.state != EntryState::Live || !before.m_linked)
        return Code::GONE;
    unlink(global, before);
    link(global, after);
    return {};
}

void TranslationTable::show(Interposer& interposer, Face& face)
{
    auto& global = entry(interposer.reference());
    kernel::SpinGuard guard(global.lock);
    interposer.show(face);
    flush(global, index(interposer.reference()));
}

Reference TranslationTable::canonical(Reference reference)
{
    // Without the locks, as `root` is read.
    for (;;) {
        const Reference next = __atomic_load_n(&entry(reference).canonical, __ATOMIC_ACQUIRE);
        if (next == nullptr || next == reference)
            return reference;
        reference = next;
    }
}

// What follows `interposer` in the chain (null, or one that was taken off: the head), or the representative; null when
// that does not exist yet or the object is marked.
Object* TranslationTable::behind(GlobalEntry& entry, const Interposer* interposer, unsigned cpu)
{
    const bool from_head = interposer == nullptr || !interposer->m_linked;
    if (Interposer* next = from_head ? entry.chain : interposer->m_next)
        return next->face();
    if (entry.state != EntryState::Live || entry.root == nullptr)
        return refusal(Code::GONE);
    return mark_of(entry) == Mark::None ? entry.root->rep(cpu) : nullptr;
}

Object* TranslationTable::target_on_this_cpu(Reference reference, const Interposer* interposer, bool fill)
{
    auto& global = entry(reference);
    for (;;) {
        Root* root = nullptr;
        unsigned cpu = 0;
        Mark mark = Mark::None;
        MarkRound round = 0;
        {
            kernel::SpinGuard guard(global.lock);
            cpu = arch::cpu_id();
            if (auto* target = behind(global, interposer, cpu)) {
                if (fill && global.state == EntryState::Live) {
                    // Release: who reads the entry on another CPU sees what the pointer leads to.
                    __atomic_store_n(&reference->object, target, __ATOMIC_RELEASE);
                    global.touched = static_cast<CpuSet>(global.touched | (1u << cpu));
                    global.used = true;
                }
                return target;
            }
            root = global.root;
            mark = mark_of(global);
            round = global.mark_round;
        }
        // The caller is counted, so the root it saw stays until its generation is over, whatever becomes of the entry.
        if (mark == Mark::Marked)
            meet_marked(reference, *root, round);
        else if (mark == Mark::Converting)
            wait_while_converting(reference);
        else if (auto made = root->make_rep(cpu); !made.ok())
            return refusal(made.code());
    }
}

Object* TranslationTable::resolve(Reference reference)
{
    return target_on_this_cpu(reference, nullptr, true);
}

Object* TranslationTable::resolve_behind(const Interposer& interposer)
{
    return target_on_this_cpu(interposer.reference(), &interposer, false);
}

Interposer* TranslationTable::innermost(Reference reference)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    return innermost(global);
}

// Arbiter when there is none at all: neither holds the object.
Rank TranslationTable::innermost_rank(const GlobalEntry& entry)
{
    const Interposer* interposer = innermost(entry);
    return interposer == nullptr ? Rank::Arbiter : interposer->rank();
}

Interposer* TranslationTable::innermost(const GlobalEntry& entry)
{
    Interposer* last = entry.chain;
    while (last != nullptr && last->m_next != nullptr)
        last = last->m_next;
    return last;
}

Reference TranslationTable::find(ReferenceName name)
{
    if (name.index == 0 || name.index >= high_water())
        return nullptr;
    auto& entry = global(name.index);
    kernel::SpinGuard guard(entry.lock);
    const bool lives = entry.state == EntryState::Live && entry.sequence == name.sequence;
    return lives ? at(name.index) : nullptr;
}

ReferenceName TranslationTable::name(Reference reference)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    return {index(reference), global.sequence};
}

}
