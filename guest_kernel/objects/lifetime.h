// How objects come to be and how they go.
#pragma once

#include "kernel/owned.h"
#include "objects/class_record.h"
#include "objects/root.h"
#include "objects/translation_table.h"

namespace objects {

// The root becomes an object with a reference of its own, tracked in the set, if one is given. NO_MEMORY is possible, and
// GONE when the set is closed; the root is gone then.
Result<Reference> publish(kernel::Owned<Root> root, InstanceSet* set = nullptr);

// Through a factory, from a thread that is counted. NOT_FOUND when there is none.
inline Result<Reference> create_by(Ref<Factory> factory, const void* creation)
{
    if (!factory)
        return Code::NOT_FOUND;
    return factory->create(creation);
}

// Of what was just created by who calls it by the interface `wanted`, the reference to call: where the class has got
// another interface meanwhile, that of an adaptor. When there is no memory for one the object is destroyed.
Result<Reference> offer_adapted(Reference made, const KindRecord& wanted);

namespace detail {

template <typename RootType>
RootType* make_root(const typename RootType::InterfaceType::Creation& creation)
{
    if constexpr (__is_constructible(RootType, decltype(creation)))
        return kernel::make<RootType>(kernel::Tag::Object, creation);
    else
        return kernel::make<RootType>(kernel::Tag::Object);
}

}

// What is done for each object of a class: by its factory, which has the set of its instances; where there are no
// factories, by who creates it. NO_MEMORY, and what the root's `initialise` fails with. Inlined, so that a factory takes
// no call more for it.
template <typename RootType>
[[gnu::always_inline]] inline Result<Reference> make_object(const typename RootType::InterfaceType::Creation& creation, InstanceSet* set)
{
    kernel::Owned<RootType> root(detail::make_root<RootType>(creation));
    if (!root)
        return Code::NO_MEMORY;
    if constexpr (requires { root->initialise(creation); })
        TRY(root->initialise(creation));
    return publish(kernel::Owned<Root>(root.release()), set);
}

namespace detail {

// By what the kind has in the place of a default factory.
template <typename Record>
Result<Reference> create_by_creator(const Record* kind, const void* creation)
{
    if (kind == nullptr || kind->create == nullptr)
        return Code::NOT_FOUND;
    return kind->create(creation);
}

// Whether that is to be asked is known before the creation: a generation passes between a plan's coming into service and
// the first instance with another interface.
template <typename Interface>
[[gnu::noinline]] Result<Ref<Interface>> create_adapted(
    Ref<Factory> factory, const typename Interface::Creation& creation, const KindRecord& wanted)
{
    const Reference made = TRY(create_by(factory, &creation));
    return Ref<Interface>(TRY(offer_adapted(made, wanted)));
}

}

// Whether the class has a factory.
template <typename RootType>
concept FactoryMade = requires { RootType::Representative::descriptor.factory_class(); };

// An object of the class that `RootType` is of, in the version that is current.
template <FactoryMade RootType>
Result<Ref<typename RootType::InterfaceType>> create(const typename RootType::InterfaceType::Creation& creation = {})
{
    if constexpr (!with_factories) {
        return Ref<typename RootType::InterfaceType>(TRY(make_object<RootType>(creation, nullptr)));
    } else {
        const ClassRecord& record = *RootType::Representative::descriptor.record;
        if (record.adapted != 0) [[unlikely]]
            return detail::create_adapted<typename RootType::InterfaceType>(
                record.factory_reference(), creation, *RootType::Representative::descriptor.interface);
        return Ref<typename RootType::InterfaceType>(TRY(create_by(record.factory_reference(), &creation)));
    }
}

// An object of the class that is the default of its kind now.
template <typename Interface>
Result<Ref<Interface>> create_default(const typename Interface::Creation& creation = {})
{
    if constexpr (!with_factories) {
        return Ref<Interface>(TRY(detail::create_by_creator(Interface::kind.record(), &creation)));
    } else {
        const Ref<Factory> factory = Interface::kind.default_factory();
        if (const auto* wanted = Interface::kind.adapted()) [[unlikely]]
            return detail::create_adapted<Interface>(factory, creation, *wanted);
        return Ref<Interface>(TRY(create_by(factory, &creation)));
    }
}

// An object of a class without a factory: it is known by its root type, the caller gets the reference alone.
template <typename RootType, typename... Arguments>
    requires(!FactoryMade<RootType>)
Result<Ref<typename RootType::InterfaceType>> create(Arguments... arguments)
{
    kernel::Owned<Root> root(kernel::make<RootType>(kernel::Tag::Object, arguments...));
    if (!root)
        return Code::NO_MEMORY;
    return Ref<typename RootType::InterfaceType>(TRY(publish(static_cast<kernel::Owned<Root>&&>(root))));
}

// Calls that start from now on return GONE; object and entry are freed when those under way are over. In the forward
// phase of a swap the old object is destroyed and the swap ends with GONE; in its block phase this waits for the end
// and destroys what is there then. For counted threads. GONE when it was destroyed before.
Status destroy(Reference reference);

// For the object system: frees a root that another has replaced, one generation later.
void bury_replaced(Root& root);
// Starts the thread that frees the dead. Before the first destroy.
Status start_reaper();
// Until all that was destroyed before is freed. For threads that are not counted.
void drain_dead_objects();

}
