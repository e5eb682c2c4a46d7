#include "objects/standard_factory.h"

#include "kernel/format.h"
#include "kernel/init.h"
#include "kernel/mutex.h"
#include "kernel/text.h"
#include "objects/instance_set.h"
#include "objects/lifetime.h"
#include "objects/names.h"

namespace objects {

// From the record's word on nobody takes the earlier version for current; only then does the set turn to it.
void FactoryRep::take_over()
{
    m_instances = m_expected;
    auto& record = *m_product.record;
    __atomic_store_n(&record.current, &m_product, __ATOMIC_RELEASE);
    __atomic_store_n(&record.epoch, record.epoch + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&record.instances, m_instances, __ATOMIC_RELEASE);
    m_instances->age();
}

// Only the last factory of a class has one.
void FactoryRep::free_set()
{
    kernel::destroy(m_instances);
}

namespace {

// Serialises opening and closing, and guards which factory is the default of its kind. Outermost: making a factory
// allocates.
constinit kernel::Mutex opening;

// It gets an empty set in the way in which it would get another factory's.
Status give_empty_set(Root& factory, const ClassRecord& record)
{
    auto* set = kernel::make<InstanceSet>(kernel::Tag::Object, record);
    if (set == nullptr)
        return Code::NO_MEMORY;
    const Parcel parcel{&set, sizeof set};
    TRY(factory.import_state(factory_formats[0], {0, 1}, parcel));
    factory.commit_import();
    return {};
}

// The set is freed with the factory, a generation later.
void forget_set(ClassRecord& record)
{
    __atomic_store_n(&record.instances, nullptr, __ATOMIC_RELEASE);
    __atomic_store_n(&record.current, nullptr, __ATOMIC_RELEASE);
}

// Instances that were made before there was a factory.
void adopt_existing(const ClassRecord& record)
{
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Reference reference = table().at(index);
        const Root* root = table().root(reference);
        if (root != nullptr && root->descriptor().record == &record)
            record.instances->add(reference, root->descriptor()).ignore();
    }
}

// For people; a class whose name leaves no room for it does without.
void name_factory(const ClassRecord& record)
{
    char name[class_name_size + 8];
    kernel::format(name, sizeof name, "factory.%s", record.name);
    give_name(name, record.factory).ignore();
}

void become_first_default(KindRecord& kind, const ClassRecord& record)
{
    if (kind.default_factory == nullptr)
        __atomic_store_n(&kind.default_factory, record.factory, __ATOMIC_RELEASE);
}

// The one that was the default before, or if that is not there any more the first of the kind, or null.
Reference next_default(const KindRecord& kind)
{
    Reference first = nullptr;
    for (unsigned i = 0; const auto* record = record_at(i); ++i) {
        if (record->kind != &kind || record->factory == nullptr)
            continue;
        if (record->factory == kind.default_before)
            return record->factory;
        first = first == nullptr ? record->factory : first;
    }
    return first;
}

// The factory is none of its record's any more.
void stop_being_default(KindRecord& kind, Reference factory)
{
    if (kind.default_factory == factory)
        __atomic_store_n(&kind.default_factory, next_default(kind), __ATOMIC_RELEASE);
}

}

void follow_default(const ClassRecord& record, const KindRecord& from, KindRecord& to)
{
    kernel::MutexGuard guard(opening);
    if (from.default_factory == record.factory)
        become_first_default(to, record);
}

Status open_factory(const ClassDescriptor& descriptor)
{
    if (!with_factories || descriptor.factory == nullptr)
        return Code::UNSUPPORTED;
    kernel::MutexGuard guard(opening);
    auto& record = *descriptor.record;
    if (record.factory != nullptr)
        return Code::EXISTS;
    kernel::Owned<Root> root(TRY(descriptor.factory->make_root()));
    TRY(give_empty_set(*root, record));
    const auto reference = publish(static_cast<kernel::Owned<Root>&&>(root));
    if (!reference.ok()) {
        forget_set(record);
        return reference.status();
    }
    adopt_existing(record);
    __atomic_store_n(&record.factory, reference.value(), __ATOMIC_RELEASE);
    name_factory(record);
    become_first_default(*record.kind, record);
    return {};
}

Status close_factory(ClassRecord& record)
{
    kernel::MutexGuard guard(opening);
    if (record.factory == nullptr)
        return Code::NOT_FOUND;
    TRY(record.instances->close());
    const Reference factory = record.factory;
    __atomic_store_n(&record.factory, nullptr, __ATOMIC_RELEASE);
    // Of whatever interfaces: the class may have changed its own.
    for (unsigned i = 0; auto* kind = kind_at(i); ++i)
        stop_being_default(*kind, factory);
    forget_set(record);
    return destroy(factory);
}

namespace {

// Only such classes have a class of factories.
template <typename Descriptor = FactoryMadeClass, typename Record>
Status set_default_creator(Record* kind, const char* class_name)
{
    const auto* descriptor = find_class(class_name);
    if (kind == nullptr || descriptor == nullptr || descriptor->factory == nullptr)
        return Code::NOT_FOUND;
    kind->create = static_cast<const Descriptor*>(descriptor)->create;
    return {};
}

// The first class of each kind.
template <typename Descriptor = FactoryMadeClass>
Status set_first_creators()
{
    for (unsigned i = 0; const auto* record = record_at(i); ++i) {
        auto* descriptor = static_cast<const Descriptor*>(find_class(record->name));
        if (descriptor->factory != nullptr && descriptor->interface->create == nullptr)
            TRY(set_default_creator(descriptor->interface, record->name));
    }
    return {};
}

}

Status set_default_factory(const char* kind, const char* class_name)
{
    if constexpr (!with_factories)
        return set_default_creator(find_kind(kind), class_name);
    kernel::MutexGuard guard(opening);
    auto* kind_record = find_kind(kind);
    const auto* record = find_record(class_name);
    if (kind_record == nullptr || record == nullptr || record->factory == nullptr)
        return Code::NOT_FOUND;
    const auto* current = record->current_version();
    if (record->kind != kind_record && (current == nullptr || current->interface != kind_record))
        return Code::INVALID;
    if (kind_record->default_factory != record->factory)
        kind_record->default_before = kind_record->default_factory;
    __atomic_store_n(&kind_record->default_factory, record->factory, __ATOMIC_RELEASE);
    return {};
}

namespace {

Status open_factories()
{
    if constexpr (!with_factories)
        return set_first_creators();
    for (unsigned i = 0; const auto* record = record_at(i); ++i) {
        const auto* descriptor = find_class(record->name);
        if (descriptor->factory != nullptr)
            TRY(open_factory(*descriptor));
    }
    return {};
}

// After the page allocator, which stands beneath every factory and is adopted by its own.
[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction factories{
    kernel::InitStage::Objects, "2.factories", open_factories};

}

}
