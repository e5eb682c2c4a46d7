// What the kernel keeps for good of a class, whichever versions come and go.
#pragma once

#include "objects/class_descriptor.h"
#include "objects/factory.h"
#include "objects/lazy_state.h"
#include "objects/static_creation.h"

namespace objects {

class InstanceSet;
class Transition;

inline constexpr size_t class_name_size = 64;

// The classes that can stand behind references of one interface.
struct KindRecord : Creator {
    char name[class_name_size] = {};
    // Through which create_default makes objects; null when no class of the kind has a factory. Changed at any time.
    Reference default_factory = nullptr;
    // Groups of adaptors that offer this interface to who creates instances: of how many classes these may be born with
    // another one.
    uint32_t adapted = 0;
    // What it was before: its turn comes again when the default goes.
    Reference default_before = nullptr;
};

// One for each name of a class: versions refer to it from when they are registered. Whoever finds a factory in it is
// counted, so that a factory that is withdrawn meanwhile stays for the call.
struct ClassRecord {
    char name[class_name_size] = {};
    KindRecord* kind = nullptr;
    // The well-known reference of the class' factory, of whatever version; null when none is open. Never changes while
    // one is.
    Reference factory = nullptr;
    // Of all instances, whatever their version. The factory's; the object system uses it beside it.
    InstanceSet* instances = nullptr;
    // What the factory makes now.
    const ClassDescriptor* current = nullptr;
    // Counts the changes of `current`, in whatever direction.
    uint64_t epoch = 0;
    // The change of version that is under way, or null.
    Transition* transition = nullptr;
    LazyState lazy;
    // Groups of adaptors that its instances may be born behind.
    uint32_t adapted = 0;

    Ref<Factory> factory_reference() const { return Ref<Factory>(__atomic_load_n(&factory, __ATOMIC_ACQUIRE)); }
    InstanceSet* instance_set() const { return __atomic_load_n(&instances, __ATOMIC_ACQUIRE); }
    const ClassDescriptor* current_version() const { return __atomic_load_n(&current, __ATOMIC_ACQUIRE); }
};

// Made when the name is new. TOO_LARGE, NO_MEMORY.
Result<ClassRecord*> record_of(const char* name, KindRecord& kind);
// Made when the name is new. TOO_LARGE, NO_MEMORY.
Result<KindRecord*> kind_of(const char* name);
// Null when no class of that name was ever registered.
ClassRecord* find_record(const char* name);
KindRecord* find_kind(const char* name);
// The n-th, or null: records are never removed.
KindRecord* kind_at(unsigned index);
// The n-th, or null: records are never removed.
ClassRecord* record_at(unsigned index);

// At which it is found there: below 256.
unsigned number_of(const ClassRecord& record);

// Whether `next` may follow what the class' factory makes now: VERSION when it is not the next version.
Status check_successor(const ClassRecord& record, const ClassDescriptor& next);

// An interface's way to the factory of its kind: `static objects::Kind kind;` in the interface, defined beside it.
class Kind {
public:
    constexpr explicit Kind(const char* name) : m_name(name) {}
    // Null when no class of the kind was ever registered.
    KindRecord* record();
    // Null reference when no class of the kind has a factory.
    Ref<Factory> default_factory();
    // Whether callers of this interface may have to be adapted to what they create.
    const KindRecord* adapted() const { return m_record == nullptr || m_record->adapted == 0 ? nullptr : m_record; }

private:
    const char* m_name;
    // Found at the first use; records stay.
    KindRecord* m_record = nullptr;
};

inline KindRecord* Kind::record()
{
    // Racing threads find the same record.
    auto* record = __atomic_load_n(&m_record, __ATOMIC_ACQUIRE);
    if (record == nullptr) {
        record = find_kind(m_name);
        if (record == nullptr)
            return nullptr;
        __atomic_store_n(&m_record, record, __ATOMIC_RELEASE);
    }
    return record;
}

}
