import { useEffect, useId, useRef, useState } from 'react';
import { JsonError, jsonText, parseJson } from '../model/json';
import { plain } from './graph';
import type { ParameterInfo } from '../model/types';

interface FieldProps {
  label: string;
  help?: string;
  error?: string | null;
  children: (ids: { id: string; describedBy: string | undefined }) => React.ReactNode;
}

/** A label with its field, what it means, and what is wrong with it. */
export function Field({ label, help, error, children }: FieldProps): React.JSX.Element {
  const id = useId();
  const described = [help ? `${id}h` : '', error ? `${id}e` : ''].filter(Boolean).join(' ');
  return (
    <div className={`dlaaw-field${error ? ' dlaaw-wrong' : ''}`}>
      <label htmlFor={id}>{label}</label>
      {children({ id, describedBy: described || undefined })}
      {error && <p id={`${id}e`} className="dlaaw-field-error" role="alert">{error}</p>}
      {help && <p id={`${id}h`} className="dlaaw-help">{plain(help)}</p>}
    </div>
  );
}

interface TextProps {
  label: string;
  help?: string;
  value: string;
  /** Say what is wrong with a text; null when it can be taken. */
  refuse?: (text: string) => string | null;
  onChange: (text: string) => void;
  disabled?: boolean;
  lines?: number;
  placeholder?: string;
  numeric?: boolean;
  /** Taken when the field is left, not at every key. */
  late?: boolean;
}

/** A text that is taken as soon as it is right; a wrong one stays in the field with the reason. */
export function TextField(props: TextProps): React.JSX.Element {
  const { label, help, value, refuse, onChange, disabled, lines, placeholder, numeric, late } = props;
  const [text, setText] = useState(value);
  const [error, setError] = useState<string | null>(null);
  const typing = useRef(false);
  useEffect(() => {
    // What was typed is written in another way (`[1,2]`, `[1, 2]`); it stays while one types.
    if (!typing.current) {
      setText(value);
      setError(null);
    }
  }, [value]);
  const take = (next: string, now: boolean) => {
    setText(next);
    const reason = refuse?.(next) ?? null;
    setError(reason);
    if (reason === null && now && next !== value) {
      onChange(next);
    }
  };
  return (
    <Field label={label} help={help} error={error}>
      {({ id, describedBy }) => {
        const shared = {
          id, disabled, placeholder, value: text, spellCheck: false, autoComplete: 'off',
          'aria-describedby': describedBy, 'aria-invalid': error !== null,
          onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
            take(event.target.value, !late),
          onFocus: () => {
            typing.current = true;
          },
          onBlur: () => {
            typing.current = false;
            if (late) {
              take(text, true);
            } else if (error === null) {
              setText(value);
            }
          }
        };
        return lines !== undefined ? (
          <textarea rows={lines} {...shared} />
        ) : (
          <input
            type="text" inputMode={numeric ? 'decimal' : undefined} {...shared}
            onKeyDown={event => event.key === 'Enter' && take(text, true)}
          />
        );
      }}
    </Field>
  );
}

interface SelectProps {
  label: string;
  help?: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
  disabled?: boolean;
}

export function SelectField(props: SelectProps): React.JSX.Element {
  const { label, help, value, options, onChange, disabled } = props;
  return (
    <Field label={label} help={help}>
      {({ id, describedBy }) => (
        <select
          id={id} aria-describedby={describedBy} disabled={disabled} value={value}
          onChange={event => onChange(event.target.value)}
        >
          {options.map(option => (
            <option key={option.value} value={option.value}>{option.label}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function SwitchField(props: {
  label: string; help?: string; value: boolean; onChange: (value: boolean) => void;
  disabled?: boolean;
}): React.JSX.Element {
  const { label, help, value, onChange, disabled } = props;
  const id = useId();
  return (
    <div className="dlaaw-field dlaaw-switch">
      <label htmlFor={id}>
        <input
          id={id} type="checkbox" checked={value} disabled={disabled}
          aria-describedby={help ? `${id}h` : undefined}
          onChange={event => onChange(event.target.checked)}
        />
        {label}
      </label>
      {help && <p id={`${id}h`} className="dlaaw-help">{plain(help)}</p>}
    </div>
  );
}

interface ParameterProps {
  info: ParameterInfo;
  value: unknown;
  onChange: (value: unknown) => void;
  disabled?: boolean;
}

/** The field for a parameter, by its type. */
export function ParameterField({ info, value, onChange, disabled }: ParameterProps): React.JSX.Element {
  const label = info.required ? `${info.name} *` : info.name;
  const shared = { label, help: info.text, disabled };
  if (info.type === 'bool' && !info.optional) {
    return <SwitchField {...shared} value={value === true} onChange={onChange} />;
  }
  if (info.type === 'choice' || info.type === 'bool') {
    const choices = info.type === 'bool' ? [true, false] : info.choices ?? [];
    const all = [...choices, ...(info.optional && !choices.includes(null) ? [null] : [])];
    const known = all.some(choice => choice === value) ? all : [value, ...all];
    return (
      <SelectField
        {...shared}
        value={jsonText(value)}
        options={known.map(choice => ({ value: jsonText(choice), label: choiceText(choice) }))}
        onChange={text => onChange(parseJson(text))}
      />
    );
  }
  if (info.type === 'str' && (typeof value === 'string' || value === null || value === undefined)) {
    return (
      <TextField
        {...shared}
        value={value ?? ''}
        placeholder={info.optional ? 'none' : ''}
        onChange={text => onChange(text === '' && info.optional ? null : text)}
      />
    );
  }
  const read = (text: string) => readParameter(info, text);
  const long = typeof value === 'object' && value !== null && jsonText(value).length > 34;
  return (
    <TextField
      {...shared}
      numeric={info.type === 'int' || info.type === 'float'}
      lines={info.type === 'json' && long ? 3 : undefined}
      value={value === undefined || (value === null && info.optional) ? '' : jsonText(value)}
      placeholder={info.optional ? 'none' : ''}
      refuse={text => read(text).error ?? null}
      onChange={text => onChange(read(text).value)}
    />
  );
}

function choiceText(choice: unknown): string {
  return choice === null ? 'none' : typeof choice === 'string' ? choice : jsonText(choice);
}

/** Read what was typed for a parameter. */
export function readParameter(
  info: Pick<ParameterInfo, 'type' | 'optional'>, text: string
): { value?: unknown; error?: string } {
  const bare = text.trim();
  if (bare === '') {
    return info.optional ? { value: null } : { error: `Expected ${wanted(info.type)}, got nothing.` };
  }
  if (info.type === 'str') {
    return { value: text };
  }
  if (info.type === 'json') {
    return readJson(bare);
  }
  const number = Number(bare.replace(/_/g, ''));
  const whole = info.type === 'int';
  if (!Number.isFinite(number) || (whole && !Number.isSafeInteger(number))) {
    return { error: `Expected ${wanted(info.type)}, got "${bare.slice(0, 40)}".` };
  }
  return { value: number };
}

function wanted(type: ParameterInfo['type']): string {
  return type === 'int' ? 'a whole number' : type === 'float' ? 'a number' : 'a JSON value';
}

/** Read a JSON value. */
export function readJson(text: string): { value?: unknown; error?: string } {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (error instanceof JsonError) {
      const place = `at character ${error.offset + 1}`;
      return { error: `Expected JSON, such as "text", 3 or ["a", "b"]: ${error.reason} ${place}.` };
    }
    throw error;
  }
}
