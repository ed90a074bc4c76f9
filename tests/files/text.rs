//! Tables as text.

use broadloom::prelude::*;
use broadloom::{ErrorKind, TextOptions};

use crate::{Result, Scratch, data, message};

/// The table that this text is.
fn load(name: &str, text: &str, dtype: DType, options: &TextOptions) -> Result<Array> {
    Array::load_text(&Scratch::new(&format!("{name}.csv"), text).0, dtype, options)
}

/// The message of a text that is refused.
fn error(name: &str, text: &str, dtype: DType, options: &TextOptions) -> String {
    let scratch = Scratch::new(&format!("{name}.csv"), text);
    let error = Array::load_text(&scratch.0, dtype, options).unwrap_err();
    message("load_text", &scratch.0, &error)
}

/// The text that is written of an array.
fn saved(name: &str, array: &Array, options: &TextOptions) -> String {
    let scratch = Scratch::new(&format!("{name}.csv"), "");
    array.save_text(&scratch.0, options).unwrap();
    std::fs::read_to_string(&scratch.0).unwrap()
}

#[test]
fn tables_of_numpy_are_read() -> Result {
    let table = Array::load_text(data("table.csv"), F64, &TextOptions::new().comment('#'))?;
    assert_eq!(table.shape(), [2, 3]);
    let numbers = table.to_vec::<f64>()?;
    assert_eq!(numbers[..4], [1.5, -2.0, 1.0 / 3.0, 1e-300]);
    assert!(numbers[4].is_nan() && numbers[5] == f64::NEG_INFINITY);
    let same = Array::load_text(data("table.csv"), F64, &TextOptions::new().skip_lines(1))?;
    assert_eq!(same.to_string(), table.to_string());

    let integers = Array::load_text(data("integers.txt"), I64, &TextOptions::new().delimiter(' '))?;
    assert_eq!(integers.to_vec::<i64>()?, [1 << 62, -1, 0, 7]);
    Ok(())
}

#[test]
fn numbers_are_read_to_the_nearest_of_their_dtype() -> Result {
    // A little more than half way between two floats: rounding to f64 first would lose it.
    let text = "1.000000059604644775390625000001\n";
    assert_eq!(load("nearest", text, F32, &TextOptions::new())?.item::<f32>()?, 1.0 + f32::EPSILON);
    let truths = load("truths", "True,0\nfalse,1\n", Bool, &TextOptions::new())?;
    assert_eq!(truths.to_vec::<bool>()?, [true, false, false, true]);
    Ok(())
}

#[test]
fn options_say_what_is_read() -> Result {
    let text = "made by hand\nname;x;y\n% a remark\nfirst; 1 ;2\n\nsecond;\"3\";NA\nthird;;4\n";
    let options = TextOptions::new().delimiter(';').skip_lines(2).comment('%').columns([2, 1]);
    let options = options.missing("NA", -1.0);
    let x = load("options", text, I32, &options)?;
    assert_eq!((x.shape(), x.to_vec::<i32>()?), (&[3, 2][..], vec![2, 1, -1, 3, 4, -1]));

    // The last line may have no end, lines may end as on Windows, and there may be none.
    assert_eq!(load("end", "1,2\r\n3,4", I64, &TextOptions::new())?.to_vec::<i64>()?, [1, 2, 3, 4]);
    assert_eq!(load("none", "", F32, &TextOptions::new())?.shape(), [0, 0]);
    assert_eq!(
        load("skipped", "1\n", F32, &TextOptions::new().skip_lines(9).columns([1, 2]))?.shape(),
        [0, 2]
    );
    Ok(())
}

#[test]
fn what_is_no_table_is_refused_with_its_place() {
    let plain = TextOptions::new();
    let why = error("letters", "1,2\n3,x4\n", F64, &plain);
    assert_eq!(why, "line 2, column 1: \"x4\" is no f64");
    let why = error("skip", "a\nb\n1\nc\n", F64, &TextOptions::new().skip_lines(2));
    assert_eq!(why, "line 4, column 0: \"c\" is no f64");
    assert_eq!(error("fraction", "1.0\n", I32, &plain), "line 1, column 0: \"1.0\" is no i32");
    assert_eq!(error("range", "2147483648\n", I32, &plain), "line 1, column 0: \"2147483648\" is no i32");
    assert_eq!(error("empty", "1,\n", F64, &plain), "line 1, column 1: \"\" is no f64");
    assert_eq!(error("ragged", "1,2\n3\n", F64, &plain), "line 2 has 1 columns, and the first 2");
    let why = error("column", "1,2\n", F64, &TextOptions::new().columns([2]));
    assert_eq!(why, "line 1 has no column 2, only 2");
    let why = error("bytes", "1\n", Bool, &TextOptions::new().missing("?", 0.5));
    assert_eq!(why, "0.5 cannot stand for a missing bool");
    let long = error("long", &"9x".repeat(1000), F64, &plain);
    assert_eq!(long, format!("line 1, column 0: \"{}…\" is no f64", "9x".repeat(20)));
    assert_eq!(
        error("delimiter", "1\n", F64, &TextOptions::new().delimiter('·')),
        "'·' cannot be a delimiter"
    );

    let cube = Array::zeros([2, 2, 2], F32);
    assert_eq!(cube.save_text("nowhere.csv", &plain).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(Array::load_text("nowhere/at.all", F32, &plain).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn what_is_saved_reads_back_to_the_bit() -> Result {
    let plain = TextOptions::new();
    let floats = array![[0.1 + 0.2, -0.0, 1e-310], [f64::MAX, f64::INFINITY, 1e16]];
    assert_eq!(
        saved("floats", &floats, &plain),
        "0.30000000000000004,-0,1e-310\n1.7976931348623157e308,inf,1e16\n"
    );
    let back = load("back", &saved("floats-2", &floats, &plain), F64, &plain)?;
    let bits =
        |x: &Array| -> Result<Vec<u64>> { Ok(x.to_vec::<f64>()?.into_iter().map(f64::to_bits).collect()) };
    assert_eq!(bits(&back)?, bits(&floats)?);

    let tabs = TextOptions::new().delimiter('\t').header("a\tb");
    assert_eq!(saved("tabs", &array![[1, -2], [3, 4]], &tabs), "a\tb\n1\t-2\n3\t4\n");
    assert_eq!(saved("vector", &array![0.1_f32, f32::NAN], &plain), "0.1\nnan\n");
    assert_eq!(saved("single", &Array::scalar(7_i64), &plain), "7\n");
    assert_eq!(saved("truths-2", &array![[true, false]], &plain), "True,False\n");
    assert_eq!(saved("nothing", &Array::zeros([0, 3], F32), &plain), "");
    Ok(())
}
