#include "objects/class_record.h"

#include "kernel/spinlock.h"
#include "kernel/text.h"

namespace objects {

namespace {

constexpr unsigned max_classes = 192;
static_assert(max_classes <= 256, "an instance knows its class' set by a number of one byte");
constexpr unsigned max_kinds = 64;

// Records without a name are free. In the kernel's data, because classes register before there is a heap, and because a
// record outlives whatever module brought the class.
template <typename Record, unsigned size>
struct Pool {
    Record records[size];

    Record* find(const char* name)
    {
        for (auto& record : records) {
            if (record.name[0] != '\0' && kernel::equal(record.name, name))
                return &record;
        }
        return nullptr;
    }
    Record* find_or_add(const char* name)
    {
        if (auto* found = find(name))
            return found;
        for (auto& record : records) {
            if (record.name[0] == '\0') {
                kernel::copy_text(record.name, class_name_size, name);
                return &record;
            }
        }
        return nullptr;
    }
};

// Guards the names in both pools. Innermost.
kernel::SpinLock records_lock;
constinit Pool<ClassRecord, max_classes> classes;
constinit Pool<KindRecord, max_kinds> kinds;

}

Result<ClassRecord*> record_of(const char* name, KindRecord& kind)
{
    if (kernel::length(name) >= class_name_size)
        return Code::TOO_LARGE;
    kernel::SpinGuard guard(records_lock);
    auto* record = classes.find_or_add(name);
    if (record == nullptr)
        return Code::NO_MEMORY;
    if (record->kind == nullptr)
        record->kind = &kind;
    return record;
}

Result<KindRecord*> kind_of(const char* name)
{
    if (kernel::length(name) >= class_name_size)
        return Code::TOO_LARGE;
    kernel::SpinGuard guard(records_lock);
    auto* kind = kinds.find_or_add(name);
    if (kind == nullptr)
        return Code::NO_MEMORY;
    return kind;
}

ClassRecord* find_record(const char* name)
{
    kernel::SpinGuard guard(records_lock);
    return classes.find(name);
}

KindRecord* find_kind(const char* name)
{
    kernel::SpinGuard guard(records_lock);
    return kinds.find(name);
}

ClassRecord* record_at(unsigned index)
{
    kernel::SpinGuard guard(records_lock);
    if (index >= max_classes || classes.records[index].name[0] == '\0')
        return nullptr;
    return &classes.records[index];
}

unsigned number_of(const ClassRecord& record)
{
    return static_cast<unsigned>(&record - classes.records);
}

KindRecord* kind_at(unsigned index)
{
    kernel::SpinGuard guard(records_lock);
    if (index >= max_kinds || kinds.records[index].name[0] == '\0')
        return nullptr;
    return &kinds.records[index];
}

Status check_successor(const ClassRecord& record, const ClassDescriptor& next)
{
    const auto* current = record.current_version();
    if (current == nullptr)
        return Code::NOT_FOUND;
    return next.version == current->version + 1 ? Status() : Status(Code::VERSION);
}

Ref<Factory> Kind::default_factory()
{
    auto* kind = record();
    if (kind == nullptr)
        return {};
    return Ref<Factory>(__atomic_load_n(&kind->default_factory, __ATOMIC_ACQUIRE));
}

}
