//! Are arrays of `ndarray`, and values of `serde`, the arrays they were?

#[cfg(feature = "ndarray-0_17")]
mod ndarray {
    use broadloom::prelude::*;
    use ndarray_0_17::{Array1, Array2, ArrayD, ArrayView2, Axis, array as nd, s as part};

    type Result<T = ()> = broadloom::Result<T>;

    #[test]
    fn arrays_go_there_and_back() -> Result {
        let there = nd![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let x = Array::from(there.clone());
        assert_eq!((x.dtype(), x.shape()), (F64, &[2, 3][..]));
        assert_eq!(Array2::<f64>::try_from(&(&x * 2.0))?, &there * 2.0);
        assert_eq!(ArrayView2::<f64>::try_from(&x.t())?, there.t());
        assert_eq!(ArrayD::<bool>::try_from(&x.greater(3.0))?, there.mapv(|v| v > 3.0).into_dyn());
        let single = ArrayD::from_elem(vec![], 7_i32);
        assert_eq!(Array::from(single.clone()).item::<i32>()?, 7);
        assert_eq!(ArrayD::<i32>::try_from(&Array::scalar(7_i32))?, single);
        let empty = Array2::<f32>::zeros((0, 3));
        assert_eq!(Array2::<f32>::try_from(&Array::from(empty.clone()))?, empty);
        Ok(())
    }

    #[test]
    fn memory_is_taken_over_where_it_lies_well() -> Result {
        let there = nd![[1, 2, 3], [4, 5, 6]];
        let address = there.as_ptr();
        let x = Array::from(there);
        assert_eq!(x.as_slice::<i32>()?.as_ptr(), address);
        let view = ArrayView2::<i32>::try_from(&x)?;
        assert_eq!(view.as_ptr(), address);

        // The first axis runs fastest.
        let fortran = nd![[1, 2, 3], [4, 5, 6]].reversed_axes();
        let address = fortran.as_ptr();
        let x = Array::from(fortran);
        // A view of memory that was not moved.
        assert!(!x.is_evaluated() && x.pinned_bytes() == 24);
        assert_eq!(x.t().eval()?.as_slice::<i32>()?.as_ptr(), address);
        assert_eq!((x.shape(), x.to_vec::<i32>()?), (&[3, 2][..], vec![1, 4, 2, 5, 3, 6]));
        Ok(())
    }

    #[test]
    fn parts_and_other_orders_are_what_they_look_like() -> Result {
        let there = Array2::from_shape_fn((4, 5), |(i, j)| (10 * i + j) as i64);
        let check = |part: Array2<i64>| -> Result {
            let expected: Vec<i64> = part.iter().copied().collect();
            let shape = part.shape().to_vec();
            let borrowed = Array::from(&part);
            assert_eq!((borrowed.shape(), borrowed.to_vec::<i64>()?), (&shape[..], expected.clone()));
            let owned = Array::from(part);
            assert_eq!((owned.shape(), owned.to_vec::<i64>()?), (&shape[..], expected));
            Ok(())
        };
        check(there.clone().slice_move(part![1..3, ..]))?;
        check(there.clone().slice_move(part![.., 1..3]))?;
        check(there.clone().slice_move(part![..;-1, ..;2]))?;
        check(there.clone().slice_move(part![1..1, ..]))?;
        check(there.clone().reversed_axes().slice_move(part![.., 2..]))?;
        check(there.clone().slice_move(part![2..3, ..]))?;
        let mut inverted = there;
        inverted.invert_axis(Axis(0));
        check(inverted)?;
        assert_eq!(Array::from(&nd![1, 2, 3].slice(part![1..])).to_vec::<i32>()?, [2, 3]);
        Ok(())
    }

    #[test]
    fn other_ranks_and_dtypes_are_errors() {
        let x = Array::ones([2, 2], F32);
        let error = Array1::<f32>::try_from(&x).unwrap_err();
        assert_eq!(error.kind(), broadloom::ErrorKind::Shape);
        assert!(error.to_string().ends_with("has rank 2, not 1"), "{error}");
        assert_eq!(Array2::<f64>::try_from(&x).unwrap_err().kind(), broadloom::ErrorKind::DType);
    }
}

#[cfg(feature = "serde")]
mod serde {
    use broadloom::prelude::*;
    use serde_json::{from_str, from_value, to_string, to_value};

    fn error(text: &str) -> String {
        from_str::<Array>(text).unwrap_err().to_string()
    }

    #[test]
    fn every_dtype_comes_back() {
        for &dtype in DType::ALL.iter().chain(DType::COMPLEX) {
            let x = Array::from_vec(vec![0.0, 1.0, 0.5, 3.0, 100.0, 0.1], [2, 3]).unwrap().astype(dtype);
            for back in [
                from_str::<Array>(&to_string(&x).unwrap()).unwrap(),
                // By name in alphabetical order: the data comes first.
                from_value(to_value(&x).unwrap()).unwrap(),
            ] {
                assert_eq!((back.dtype(), back.shape()), (dtype, x.shape()));
                assert!(back.array_equal(&x).unwrap(), "{dtype}");
            }
        }
        for x in [
            Array::from_vec(vec![u64::MAX, 0], 2).unwrap(),
            Array::from_vec(vec![i64::MIN, i64::MAX], 2).unwrap(),
            Array::from_vec(vec![f64::MAX, f64::MIN_POSITIVE / 3.0, -0.0, 0.1 + 0.2], 4).unwrap(),
            Array::zeros([2, 0, 3], F32),
            Array::scalar(2.5_f32),
            Array::scalar(broadloom::c64::new(0.1, -2.0)),
        ] {
            let back: Array = from_str(&to_string(&x).unwrap()).unwrap();
            assert_eq!((back.shape(), format!("{x}")), (x.shape(), format!("{back}")));
            assert!(back.array_equal(&x).unwrap(), "{x}");
        }
    }

    #[test]
    fn texts_are_short_and_lazy_arrays_are_evaluated() {
        let x = array![1.5_f32, 0.1] + 1.0;
        assert_eq!(to_string(&x).unwrap(), r#"{"dtype":"f32","shape":[2],"data":[2.5,1.1]}"#);
        assert!(x.is_evaluated());
        assert_eq!(to_string(&array![true]).unwrap(), r#"{"dtype":"bool","shape":[1],"data":[true]}"#);
        let listed: Array = from_str(r#"["i32", [2], [1, 2]]"#).unwrap();
        assert_eq!(listed.to_vec::<i32>().unwrap(), [1, 2]);
        // Whole numbers are floats where floats are due.
        let whole: Array = from_str(r#"{"dtype":"f64","shape":[2],"data":[1,-2]}"#).unwrap();
        assert_eq!(whole.to_vec::<f64>().unwrap(), [1.0, -2.0]);
    }

    #[test]
    fn values_that_are_no_arrays_are_errors() {
        for (text, why) in [
            (r#"{"dtype":"i7","shape":[1],"data":[1]}"#, "no dtype is named \"i7\""),
            (r#"{"dtype":"i8","shape":[1],"data":[128]}"#, "an array of i8 has the element 128"),
            (r#"{"dtype":"i8","shape":[1],"data":[1.0]}"#, "an array of i8 has the element 1.0"),
            (r#"{"data":[1.5],"dtype":"i8","shape":[1]}"#, "an array of i8 has the element 1.5"),
            (r#"{"dtype":"bool","shape":[1],"data":[1]}"#, "invalid type: integer `1`"),
            (r#"{"data":[1],"dtype":"bool","shape":[1]}"#, "an array of bool has the element 1"),
            (r#"{"dtype":"f32","shape":[1],"data":[null]}"#, "invalid type: null"),
            (r#"{"dtype":"f32","shape":[1],"data":["1"]}"#, "invalid type: string \"1\""),
            (r#"{"dtype":"f32","shape":[-1],"data":[1]}"#, "invalid value: integer `-1`"),
            (
                r#"{"dtype":"f32","shape":[3],"data":[1]}"#,
                "from_vec: f32[3] has 3 elements, but there are 1 values",
            ),
            (r#"{"dtype":"f32","shape":[9007199254740992,9007199254740992],"data":[]}"#, "from_vec: "),
            (r#"{"dtype":"f32","shape":[1],"data":[1],"data":[1]}"#, "an array says its data twice"),
            (r#"{"dtype":"f32","shape":[1]}"#, "missing field `data`"),
            (r#"{"dtype":"f32","shape":[1],"data":[1],"name":"x"}"#, "unknown field `name`"),
            (r#"{"dtype":"c64","shape":[1],"data":[1]}"#, "an array of c64 has half an element"),
            (r#"["f32", [1]]"#, "invalid length 2"),
            ("7", "invalid type: integer `7`"),
        ] {
            assert!(error(text).starts_with(why), "{text}\n{}", error(text));
        }
    }
}
