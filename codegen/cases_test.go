package codegen_test

import (
	"slices"

	"github.com/teff-dev/teff/codegen/testdata/comments/commentsteff"
	"github.com/teff-dev/teff/codegen/testdata/deprecated/deprecatedteff"
	"github.com/teff-dev/teff/codegen/testdata/editions/editionsteff"
	"github.com/teff-dev/teff/codegen/testdata/imports/importsteff"
	"github.com/teff-dev/teff/codegen/testdata/named/namedpbteff"
	"github.com/teff-dev/teff/codegen/testdata/near/nearteff"
	"github.com/teff-dev/teff/codegen/testdata/nested/nestedteff"
	"github.com/teff-dev/teff/codegen/testdata/nopackage/nopackageteff"
	"github.com/teff-dev/teff/codegen/testdata/oneway/onewayteff"
	"github.com/teff-dev/teff/codegen/testdata/optional/optionalteff"
	"github.com/teff-dev/teff/codegen/testdata/packages/packagesteff"
	"github.com/teff-dev/teff/codegen/testdata/pair/pairteff"
	"github.com/teff-dev/teff/codegen/testdata/proto2/proto2teff"
	"github.com/teff-dev/teff/codegen/testdata/same"
	"github.com/teff-dev/teff/codegen/testdata/settings/settingsteff"
	"github.com/teff-dev/teff/codegen/testdata/words/wordsteff"
)

// goldenCode is the generated code of all cases that have grains.
func goldenCode() []grainCode {
	return slices.Concat(codeOfPackages(), codeOfDeprecated(), codeOfFeatures(), codeOfWords())
}

// codeOfPackages are cases about what is declared where, and commented how.
func codeOfPackages() []grainCode {
	return []grainCode{
		code[commentsteff.Odd](
			"golden.comments.Odd", "", "Block Tight Blank None Wide",
			commentsteff.OddKind[commentsteff.Odd], commentsteff.OddOf, commentsteff.UnimplementedOdd{},
			commentsteff.OddName, commentsteff.OddBlockMethod, commentsteff.OddTightMethod, commentsteff.OddBlankMethod,
			commentsteff.OddNoneMethod, commentsteff.OddWideMethod,
		),
		code[importsteff.Board](
			"golden.imports.Board", "golden.imports.shared.State", "Pin Wipe Read",
			importsteff.BoardKind[importsteff.Board], importsteff.BoardOf, importsteff.UnimplementedBoard{},
			importsteff.BoardName, importsteff.BoardPinMethod, importsteff.BoardWipeMethod, importsteff.BoardReadMethod,
		),
		code[nearteff.Account](
			"golden.near.Account", "golden.near.State", "Of Kind Name Account Ref Method Invoke Service Unimplemented",
			nearteff.AccountKind[nearteff.Account], nearteff.AccountOf, nearteff.UnimplementedAccount{},
			nearteff.AccountName, nearteff.AccountOfMethod, nearteff.AccountKindMethod, nearteff.AccountNameMethod,
			nearteff.AccountAccountMethod, nearteff.AccountRefMethod, nearteff.AccountMethodMethod,
			nearteff.AccountInvokeMethod, nearteff.AccountServiceMethod, nearteff.AccountUnimplementedMethod,
		),
		code[nearteff.AccountMethods](
			"golden.near.AccountMethods", "", "Of",
			nearteff.AccountMethodsKind[nearteff.AccountMethods], nearteff.AccountMethodsOf, nearteff.UnimplementedAccountMethods{},
			nearteff.AccountMethodsName, nearteff.AccountMethodsOfMethod,
		),
		code[packagesteff.Mixed](
			"golden.packages.Mixed", "golden.packages.sync.Message", "One Two",
			packagesteff.MixedKind[packagesteff.Mixed], packagesteff.MixedOf, packagesteff.UnimplementedMixed{},
			packagesteff.MixedName, packagesteff.MixedOneMethod, packagesteff.MixedTwoMethod,
		),
		code[pairteff.Left](
			"golden.pair.Left", "golden.pair.LeftState", "Push Pull",
			pairteff.LeftKind[pairteff.Left], pairteff.LeftOf, pairteff.UnimplementedLeft{},
			pairteff.LeftName, pairteff.LeftPushMethod, pairteff.LeftPullMethod,
		),
		code[pairteff.Right](
			"golden.pair.Right", "", "Push",
			pairteff.RightKind[pairteff.Right], pairteff.RightOf, pairteff.UnimplementedRight{},
			pairteff.RightName, pairteff.RightPushMethod,
		),
		code[pairteff.Middle](
			"golden.pair.Middle", "golden.pair.MiddleState", "Push",
			pairteff.MiddleKind[pairteff.Middle], pairteff.MiddleOf, pairteff.UnimplementedMiddle{},
			pairteff.MiddleName, pairteff.MiddlePushMethod,
		),
		code[pairteff.Idle](
			"golden.pair.Idle", "", "",
			pairteff.IdleKind[pairteff.Idle], pairteff.IdleOf, pairteff.UnimplementedIdle{},
			pairteff.IdleName,
		),
		code[same.Shelf](
			"golden.same.Shelf", "golden.same.ShelfState", "Put Drop!",
			same.ShelfKind[same.Shelf], same.ShelfOf, same.UnimplementedShelf{},
			same.ShelfName, same.ShelfPutMethod, same.ShelfDropMethod,
		),
	}
}

// codeOfDeprecated are cases of what is not to be used.
//
//nolint:staticcheck // that it is deprecated is what the cases are about
func codeOfDeprecated() []grainCode {
	return []grainCode{
		code[deprecatedteff.Old](
			"golden.deprecated.Old", "", "Work",
			deprecatedteff.OldKind[deprecatedteff.Old], deprecatedteff.OldOf, deprecatedteff.UnimplementedOld{},
			deprecatedteff.OldName, deprecatedteff.OldWorkMethod,
		),
		code[deprecatedteff.Young](
			"golden.deprecated.Young", "", "Old Older New",
			deprecatedteff.YoungKind[deprecatedteff.Young], deprecatedteff.YoungOf, deprecatedteff.UnimplementedYoung{},
			deprecatedteff.YoungName, deprecatedteff.YoungOldMethod, deprecatedteff.YoungOlderMethod,
			deprecatedteff.YoungNewMethod,
		),
		code[deprecatedteff.Ancient](
			"golden.deprecated.Ancient", "", "Work",
			deprecatedteff.AncientKind[deprecatedteff.Ancient], deprecatedteff.AncientOf, deprecatedteff.UnimplementedAncient{},
			deprecatedteff.AncientName, deprecatedteff.AncientWorkMethod,
		),
	}
}

// codeOfFeatures are cases about what protobuf and Teff's options can say.
func codeOfFeatures() []grainCode {
	return []grainCode{
		code[editionsteff.Clock](
			"golden.editions.Clock", "golden.editions.ClockState", "Tick",
			editionsteff.ClockKind[editionsteff.Clock], editionsteff.ClockOf, editionsteff.UnimplementedClock{},
			editionsteff.ClockName, editionsteff.ClockTickMethod,
		),
		code[namedpbteff.Ship](
			"old.fleet.Vessel", "golden.named.ShipState", "Sail",
			namedpbteff.ShipKind[namedpbteff.Ship], namedpbteff.ShipOf, namedpbteff.UnimplementedShip{},
			namedpbteff.ShipName, namedpbteff.ShipSailMethod,
		),
		code[nestedteff.Tree](
			"golden.nested.Tree", "golden.nested.Branch.State", "Grow",
			nestedteff.TreeKind[nestedteff.Tree], nestedteff.TreeOf, nestedteff.UnimplementedTree{},
			nestedteff.TreeName, nestedteff.TreeGrowMethod,
		),
		code[nopackageteff.Lonely](
			"Lonely", "LonelyState", "Sigh",
			nopackageteff.LonelyKind[nopackageteff.Lonely], nopackageteff.LonelyOf, nopackageteff.UnimplementedLonely{},
			nopackageteff.LonelyName, nopackageteff.LonelySighMethod,
		),
		code[onewayteff.Bell](
			"golden.oneway.Bell", "", "Ring! Stop! Test",
			onewayteff.BellKind[onewayteff.Bell], onewayteff.BellOf, onewayteff.UnimplementedBell{},
			onewayteff.BellName, onewayteff.BellRingMethod, onewayteff.BellStopMethod, onewayteff.BellTestMethod,
		),
		code[onewayteff.Gong](
			"golden.oneway.Gong", "", "Strike!",
			onewayteff.GongKind[onewayteff.Gong], onewayteff.GongOf, onewayteff.UnimplementedGong{},
			onewayteff.GongName, onewayteff.GongStrikeMethod,
		),
		code[optionalteff.Box](
			"golden.optional.Box", "golden.optional.BoxState", "Put",
			optionalteff.BoxKind[optionalteff.Box], optionalteff.BoxOf, optionalteff.UnimplementedBox{},
			optionalteff.BoxName, optionalteff.BoxPutMethod,
		),
		code[proto2teff.Relic](
			"golden.proto2.Relic", "golden.proto2.RelicState", "Dig",
			proto2teff.RelicKind[proto2teff.Relic], proto2teff.RelicOf, proto2teff.UnimplementedRelic{},
			proto2teff.RelicName, proto2teff.RelicDigMethod,
		),
		code[settingsteff.Tuned](
			"golden.settings.Tuned", "golden.settings.TunedState", "Read Set Add",
			settingsteff.TunedKind[settingsteff.Tuned], settingsteff.TunedOf, settingsteff.UnimplementedTuned{},
			settingsteff.TunedName, settingsteff.TunedReadMethod, settingsteff.TunedSetMethod,
			settingsteff.TunedAddMethod,
		),
	}
}

// codeOfWords are cases about names that mean something in Go.
func codeOfWords() []grainCode {
	return []grainCode{
		code[wordsteff.Select](
			"golden.words.select", "golden.words.map", "type func error string nil any new len context grain grainrt ctx req service table ref sync caller key construct opts interface map chan init main append panic true iota",
			wordsteff.SelectKind[wordsteff.Select], wordsteff.SelectOf, wordsteff.UnimplementedSelect{},
			wordsteff.SelectName, wordsteff.SelectTypeMethod, wordsteff.SelectFuncMethod, wordsteff.SelectErrorMethod,
			wordsteff.SelectStringMethod, wordsteff.SelectNilMethod, wordsteff.SelectAnyMethod,
			wordsteff.SelectNewMethod, wordsteff.SelectLenMethod, wordsteff.SelectContextMethod,
			wordsteff.SelectGrainMethod, wordsteff.SelectGrainrtMethod, wordsteff.SelectCtxMethod,
			wordsteff.SelectReqMethod, wordsteff.SelectServiceMethod, wordsteff.SelectTableMethod,
			wordsteff.SelectRefMethod, wordsteff.SelectSyncMethod, wordsteff.SelectCallerMethod,
			wordsteff.SelectKeyMethod, wordsteff.SelectConstructMethod, wordsteff.SelectOptsMethod,
			wordsteff.SelectInterfaceMethod, wordsteff.SelectMapMethod, wordsteff.SelectChanMethod,
			wordsteff.SelectInitMethod, wordsteff.SelectMainMethod, wordsteff.SelectAppendMethod,
			wordsteff.SelectPanicMethod, wordsteff.SelectTrueMethod, wordsteff.SelectIotaMethod,
		),
		code[wordsteff.G](
			"golden.words.G", "", "G",
			wordsteff.GKind[wordsteff.G], wordsteff.GOf, wordsteff.UnimplementedG{},
			wordsteff.GName, wordsteff.GGMethod,
		),
		code[wordsteff.Range](
			"golden.words.range", "", "do_it_now _hidden String Error",
			wordsteff.RangeKind[wordsteff.Range], wordsteff.RangeOf, wordsteff.UnimplementedRange{},
			wordsteff.RangeName, wordsteff.RangeDoItNowMethod, wordsteff.RangeXHiddenMethod,
			wordsteff.RangeStringMethod, wordsteff.RangeErrorMethod,
		),
	}
}
