#include "objects/tests/desk.h"

namespace objects::tests {

constinit ClassDescriptor FirstDesk::descriptor = standard_class<FirstDesk::RootType>("Desk", "Desk", 1);
constinit ClassDescriptor SecondDesk::descriptor = standard_class<SecondDesk::RootType>("Desk", "Desk/2", 2);
constinit ClassDescriptor ThirdDesk::descriptor = standard_class<ThirdDesk::RootType>("Desk", "Desk/3", 3);

namespace {

using First = first_build::Desk;
using Second = second_build::Desk;
using Third = third_build::Desk;

using FirstToSecond = Adaptation<First, Second,
    ChangedArguments<&First::store, &Second::store, Argument<0>, Value<uint64_t{1}>>,
    ChangedArguments<&First::mix, &Second::mix, Argument<2>, Argument<0>>,
    Answered<&First::obsolete, Code::UNSUPPORTED>,
    Handled<&First::counted, &DeskAdaptor::counted>,
    Renamed<&First::before_renaming, &Second::after_renaming>>;

using SecondToThird = Adaptation<Second, Third,
    ChangedArguments<&Second::store, &Third::store, Argument<0>, Argument<1>, Value<uint64_t{10}>>,
    ChangedArguments<&Second::after_renaming, &Third::after_renaming, Argument<0>, Value<uint64_t{1}>>>;

using ThirdToSecond = Adaptation<Third, Second,
    ChangedArguments<&Third::after_renaming, &Second::after_renaming, Argument<0>>,
    ChangedArguments<&Third::store, &Second::store, Argument<0>, Argument<1>>>;

using SecondToFirst = Adaptation<Second, First,
    Answered<&Second::added, Code::UNSUPPORTED>,
    ChangedArguments<&Second::store, &First::store, Argument<0>>,
    ChangedArguments<&Second::mix, &First::mix, Argument<1>, Value<uint64_t{0}>, Argument<0>>,
    Renamed<&Second::after_renaming, &First::before_renaming>>;

}

AdaptorMap& first_to_second()
{
    static FirstToSecond map;
    return map;
}

AdaptorMap& second_to_third()
{
    static SecondToThird map;
    return map;
}

AdaptorMap& third_to_second()
{
    static ThirdToSecond map;
    return map;
}

AdaptorMap& second_to_first()
{
    static SecondToFirst map;
    return map;
}

}
