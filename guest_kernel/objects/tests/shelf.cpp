#include "objects/tests/shelf.h"

#include "objects/guarded_task.h"

namespace objects::tests {

constinit FactoryMadeClass ShelfRep<1>::descriptor = factory_class<ShelfRoot<1>>("Shelf", ShelfInterface<1>::kind, 1);

constinit Kind shelf_first::Shelf::kind{"Shelf"};
constinit Kind shelf_second::Shelf::kind{"Shelf/2"};
constinit Kind shelf_third::Shelf::kind{"Shelf/3"};
constinit Kind Reader::kind{"Reader"};

namespace {

using First = shelf_first::Shelf;
using Second = shelf_second::Shelf;
using Third = shelf_third::Shelf;

using FirstToSecond = Adaptation<First, Second,
    ChangedArguments<&First::put, &Second::put, Argument<0>, Value<uint64_t{1}>>>;
using SecondToFirst = Adaptation<Second, First, Answered<&Second::twice, Code::UNSUPPORTED>,
    ChangedArguments<&Second::put, &First::put, Argument<0>>>;
using SecondToThird = Adaptation<Second, Third>;
using ThirdToSecond = Adaptation<Third, Second>;

constexpr CallerClass old_callers[] = {{"Reader", 2}};
constexpr CallerClass new_callers[] = {{"Reader", 2, true}};
constexpr CallerClass nobody[1] = {};

template <typename Map, unsigned n>
const AdaptorPlan& plan_with(const CallerClass (&callers)[n], unsigned count = n)
{
    static const Map map;
    static const AdaptorPlan plan{&map, make_adaptor<Adaptor>, callers, count};
    return plan;
}

}

template <>
const AdaptorPlan& shelf_plan<2>()
{
    return plan_with<FirstToSecond>(old_callers);
}

template <>
const AdaptorPlan& shelf_way_back<2>()
{
    return plan_with<SecondToFirst>(new_callers);
}

// Nobody is known to call the second interface but through what leads there.
template <>
const AdaptorPlan& shelf_plan<3>()
{
    return plan_with<SecondToThird>(nobody, 0);
}

template <>
const AdaptorPlan& shelf_way_back<3>()
{
    return plan_with<ThirdToSecond>(nobody, 0);
}

ShelfUpdate::ShelfUpdate(const UpdateTerms& terms)
{
    const auto added = updates().add("test", 0, terms);
    EXPECT(added.ok());
    m_update = added.value();
}

Status ShelfUpdate::apply(ClassDescriptor& to, UpdateMode mode, const AdaptorPlan* adaptor, const AdaptorPlan* way_back)
{
    if (const Status begun = updates().begin(*m_update); !begun.ok())
        return begun;
    UpdateOptions options;
    options.mode = mode;
    options.adaptor = adaptor;
    options.way_back = way_back;
    return conclude(*m_update, update_class(to, options));
}

UpdateState ShelfUpdate::take_back()
{
    EXPECT(begin_revert(*m_update).ok());
    revert(*m_update);
    return m_update->state;
}

Shelves::Shelves()
{
    if (find_record("Shelf") == nullptr) {
        ClassDescriptor* const versions[] = {&ShelfRep<1>::descriptor, &ShelfRep<2>::descriptor,
            &ShelfRep<3>::descriptor, &ReaderRep<1>::descriptor, &ReaderRep<2>::descriptor};
        for (auto* version : versions)
            EXPECT(register_class(*version).ok());
    }
    item_script = {};
    {
        CountedScope scope;
        EXPECT(open_factory(ShelfRep<1>::descriptor).ok() && open_factory(ReaderRep<1>::descriptor).ok());
    }
    for (unsigned i = 0; i < count; ++i)
        m_shelves[i] = make_shelf<1>(i + 1).value();
    CountedScope scope;
    for (unsigned i = 0; i < count; ++i)
        EXPECT(Ref<First>(m_shelves[i])->version().value() == 1);
    m_reader = create<ReaderRoot<1>>({m_shelves[0]}).value();
}

void Shelves::destroy_all(const ClassRecord& record)
{
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const auto* root = table().root(table().at(index));
        if (root != nullptr && root->descriptor().record == &record)
            EXPECT(destroy(table().at(index)).ok());
    }
}

Shelves::~Shelves()
{
    item_script = {};
    {
        CountedScope scope;
        destroy_all(record());
        destroy_all(*ReaderRep<1>::descriptor.record);
    }
    // The groups of a module that goes.
    adaptors().forget(0, ~uint64_t{0});
    adaptors().settle();
    EXPECT(record().adapted == 0 && count_adapted().in_place == 0 && count_adapted().dead == 0);
    {
        CountedScope scope;
        EXPECT(close_factory(record()).ok() && close_factory(*ReaderRep<1>::descriptor.record).ok());
    }
    drain_dead_objects();
    dismiss_idle_guarded_workers();
    EXPECT(item_roots == 0);
}

void Shelves::expect_first(uint64_t version) const
{
    for (unsigned i = 0; i < count; ++i) {
        expect_shelf<1>(m_shelves[i], version, i + 1);
        CountedScope scope;
        const Ref<First> shelf(m_shelves[i]);
        EXPECT(shelf->canonical().value() == canonical(i));
    }
    CountedScope scope;
    EXPECT(m_reader->read().value() == 1);
}

void Shelves::expect_settled(uint64_t version) const
{
    expect_first(version);
    EXPECT(record().current_version()->version == version && record().transition == nullptr);
    EXPECT(in_list(InstanceList::Current) == count && record().instance_set()->count() == count);
    drain_dead_objects();
    EXPECT(item_roots == count);
}

AdaptedCount count_adapted()
{
    AdaptedCount count;
    adaptors().for_each(
        [](const AdaptedStatus& status, void* context) {
            auto& counted = *static_cast<AdaptedCount*>(context);
            ++(status.state == AdaptedState::Dead ? counted.dead : counted.in_place);
        },
        &count);
    return count;
}

}
