declare module '*.dlaaw' {
  const text: string;
  export default text;
}
